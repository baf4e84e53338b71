import com.fasterxml.jackson.core.JsonGenerator
import com.fasterxml.jackson.databind.JsonSerializer
import com.fasterxml.jackson.databind.SerializerProvider
import com.fasterxml.jackson.databind.annotation.JsonSerialize
import com.fasterxml.jackson.module.kotlin.readValue
import org.openapitools.client.apis.*
import org.openapitools.client.infrastructure.*
import org.openapitools.client.models.*

// The generated class leaves a null out, which would grant the profile. With this mixin, true is sent as null.
class NullSerializer : JsonSerializer<Boolean>() {
    override fun serialize(value: Boolean, generator: JsonGenerator, provider: SerializerProvider) = generator.writeNull()
}

abstract class DeleteAsNull {
    @get:JsonSerialize(using = NullSerializer::class)
    abstract val delete: Boolean?
}

fun env(name: String): String = System.getenv(name)

fun updateModule(module: String, profile: ModuleProfile): String? = try {
    val update = CustomModuleUpdate("Posters", "Poster", listOf(profile))
    ModulesApi(env("API_URL")).updateCustomModule(module, CustomModuleUpdateBody(listOf(update))).modules[0].code.toString()
} catch (e: ClientException) {
    Serializer.jacksonObjectMapper.readValue<CustomModuleUpdateError>((e.response as ClientError<*>).body as String).code
}

fun main() {
    Serializer.jacksonObjectMapper.addMixIn(ModuleProfile::class.java, DeleteAsNull::class.java)
    ApiClient.apiKey["Authorization"] = env("TOKEN")
    ApiClient.apiKeyPrefix["Authorization"] = "Zoho-oauthtoken"
    val contactRoles = ContactRolesApi(env("API_URL"))
    val roles = contactRoles.getContactRoles().contactRoles
    println("${roles.size} roles, first ${roles[0].name}")
    val renamed = contactRoles.updateContactRole(roles[0].id, SingleContactRoleUpdateBody(listOf(SingleContactRoleUpdate(name = "Sales Lead"))))
    println("rename: ${renamed.contactRoles[0].code}")
    val updates = listOf(ContactRoleUpdate(roles[1].id, name = "Buyer"), ContactRoleUpdate(roles[2].id, name = "Sales Lead"))
    println("bulk update: " + contactRoles.updateContactRoles(ContactRolesUpdateBody(updates)).contactRoles.joinToString { it.code })
    println("grant: ${updateModule(env("MODULE"), ModuleProfile(env("GRANTED")))}")
    println("removal: ${updateModule(env("MODULE"), ModuleProfile(env("REMOVED"), delete = true))}")
    println("unknown module: ${updateModule("Unknown", ModuleProfile(env("GRANTED")))}")
}
