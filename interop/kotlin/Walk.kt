import com.fasterxml.jackson.core.JsonGenerator
import com.fasterxml.jackson.databind.JsonSerializer
import com.fasterxml.jackson.databind.SerializerProvider
import com.fasterxml.jackson.databind.annotation.JsonSerialize
import com.fasterxml.jackson.module.kotlin.readValue
import org.openapitools.client.apis.ContactRolesApi
import org.openapitools.client.apis.ModulesApi
import org.openapitools.client.infrastructure.ApiClient
import org.openapitools.client.infrastructure.ClientError
import org.openapitools.client.infrastructure.ClientException
import org.openapitools.client.infrastructure.Serializer
import org.openapitools.client.models.*

const val ADMINISTRATOR = "2423488000000015972"
const val STANDARD = "2423488000000015975"

// The generated class leaves a null out, which would grant the profile. So true stands for null.
class Null : JsonSerializer<Boolean>() {
    override fun serialize(value: Boolean, generator: JsonGenerator, provider: SerializerProvider) = generator.writeNull()
}

abstract class DeleteIsNull {
    @get:JsonSerialize(using = Null::class)
    abstract val delete: Boolean?
}

val api: String = System.getenv("API_URL")

fun show(step: String, outcome: Any, status: Any?, code: Any?, message: String?, details: Details?) {
    val named = listOf("id" to details?.id, "api_name" to details?.apiName, "json_path" to details?.jsonPath, "resource_path_index" to details?.resourcePathIndex)
    println("$step $outcome $status $code \"$message\"" + named.filter { it.second != null }.joinToString("") { " ${it.first}=${it.second}" })
}

fun showSuccesses(step: String, results: List<SuccessResult>) =
    results.forEach { show(step, "ok", it.status, it.code, it.message, Details(id = it.details.id)) }

fun showItems(step: String, outcome: Any, results: List<ItemResult>) =
    results.forEach { show(step, outcome, it.status, it.code, it.message, it.details) }

inline fun <reified T> refused(e: ClientException): T =
    Serializer.jacksonObjectMapper.readValue((e.response as ClientError<*>).body as String)

fun updateModule(step: String, module: String, vararg profiles: ModuleProfile) {
    val update = CustomModuleUpdate("Digital Marketings", "Digital Marketing", profiles.toList())
    try {
        showSuccesses(step, ModulesApi(api).updateCustomModule(module, CustomModuleUpdateBody(listOf(update))).modules)
    } catch (e: ClientException) {
        val refused: CustomModuleUpdateError = refused(e)
        refused.modules?.let { showItems(step, e.statusCode, it) }
            ?: show(step, e.statusCode, refused.status, refused.code, refused.message, refused.details)
    }
}

fun updateRole(step: String) {
    val body = SingleContactRoleUpdateBody(listOf(SingleContactRoleUpdate(sequenceNumber = 1)))
    try {
        showSuccesses(step, ContactRolesApi(api).updateContactRole("4150868000003611012", body).contactRoles)
    } catch (e: ClientException) {
        val refused: ErrorResult = refused(e)
        show(step, e.statusCode, refused.status, refused.code, refused.message, refused.details)
    }
}

fun authorize(token: String) {
    ApiClient.apiKey["Authorization"] = token
    ApiClient.apiKeyPrefix["Authorization"] = "Zoho-oauthtoken"
}

fun main() {
    Serializer.jacksonObjectMapper.addMixIn(ModuleProfile::class.java, DeleteIsNull::class.java)
    authorize(System.getenv("TOKEN"))
    updateModule("remove_profile", "2423488000000834002", ModuleProfile(STANDARD), ModuleProfile(ADMINISTRATOR, delete = true))
    val roles = listOf(
        ContactRoleUpdate("4150868000003611011", name = "Sales Lead", sequenceNumber = 5),
        ContactRoleUpdate("4150868000003611012", name = "Sales Lead"),
    )
    showItems("bulk_update", "ok", ContactRolesApi(api).updateContactRoles(ContactRolesUpdateBody(roles)).contactRoles)
    updateRole("single_update")
    authorize("1000.wrong")
    updateRole("wrong_token")
    authorize(System.getenv("TOKEN"))
    updateModule("last_profile", "2423488000000834002", ModuleProfile(STANDARD, delete = true))
    updateModule("unknown_module", "Unknown", ModuleProfile(STANDARD))
}
