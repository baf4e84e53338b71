import java.util.List;
import java.util.StringJoiner;

import com.fasterxml.jackson.core.JsonProcessingException;
import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.ContactRolesApi;
import org.openapitools.client.api.ModulesApi;
import org.openapitools.client.model.*;

final class Walk {
    private static final String ADMINISTRATOR = "2423488000000015972", STANDARD = "2423488000000015975";

    private final ApiClient client = new ApiClient();

    private Walk(String token) {
        client.updateBaseUri(System.getenv("API_URL"));
        client.setRequestInterceptor(request -> request.setHeader("Authorization", "Zoho-oauthtoken " + token));
    }

    public static void main(String[] args) throws JsonProcessingException {
        Walk walk = new Walk(System.getenv("TOKEN"));
        walk.updateModule("remove_profile", "2423488000000834002",
                new ModuleProfile().id(STANDARD), new ModuleProfile().id(ADMINISTRATOR).delete(null));
        walk.updateRoles("bulk_update",
                new ContactRoleUpdate().id("4150868000003611011").name("Sales Lead").sequenceNumber(5),
                new ContactRoleUpdate().id("4150868000003611012").name("Sales Lead"));
        walk.updateRole("single_update");
        new Walk("1000.wrong").updateRole("wrong_token");
        walk.updateModule("last_profile", "2423488000000834002", new ModuleProfile().id(STANDARD).delete(null));
        walk.updateModule("unknown_module", "Unknown", new ModuleProfile().id(STANDARD));
    }

    private void updateModule(String step, String module, ModuleProfile... profiles) throws JsonProcessingException {
        CustomModuleUpdate update = new CustomModuleUpdate()
                .pluralLabel("Digital Marketings").singularLabel("Digital Marketing").profiles(List.of(profiles));
        try {
            new ModulesApi(client).updateCustomModule(module, new CustomModuleUpdateBody().addModulesItem(update))
                    .getModules().forEach(result -> show(step, result));
        } catch (ApiException e) {
            CustomModuleUpdateError refused = read(e, CustomModuleUpdateError.class);
            if (refused.getCode() == null) {
                refused.getModules().forEach(result -> show(step, e.getCode(), result));
            } else {
                show(step, e.getCode(), refused.getStatus(), refused.getCode(), refused.getMessage(), refused.getDetails());
            }
        }
    }

    private void updateRoles(String step, ContactRoleUpdate... roles) throws JsonProcessingException {
        try {
            new ContactRolesApi(client).updateContactRoles(new ContactRolesUpdateBody().contactRoles(List.of(roles)))
                    .getContactRoles().forEach(result -> show(step, "ok", result));
        } catch (ApiException e) {
            read(e, ContactRolesUpdateError.class).getContactRoles().forEach(result -> show(step, e.getCode(), result));
        }
    }

    private void updateRole(String step) throws JsonProcessingException {
        SingleContactRoleUpdate update = new SingleContactRoleUpdate().sequenceNumber(1);
        try {
            new ContactRolesApi(client).updateContactRole("4150868000003611012", new SingleContactRoleUpdateBody().addContactRolesItem(update))
                    .getContactRoles().forEach(result -> show(step, result));
        } catch (ApiException e) {
            ErrorResult refused = read(e, ErrorResult.class);
            show(step, e.getCode(), refused.getStatus(), refused.getCode(), refused.getMessage(), refused.getDetails());
        }
    }

    private <T> T read(ApiException e, Class<T> type) throws JsonProcessingException {
        return client.getObjectMapper().readValue(e.getResponseBody(), type);
    }

    private static void show(String step, SuccessResult result) {
        show(step, "ok", result.getStatus(), result.getCode(), result.getMessage(), new Details().id(result.getDetails().getId()));
    }

    private static void show(String step, Object outcome, ItemResult result) {
        show(step, outcome, result.getStatus(), result.getCode(), result.getMessage(), result.getDetails());
    }

    private static void show(String step, Object outcome, Object status, Object code, String message, Details details) {
        StringJoiner line = new StringJoiner(" ").add(step + " " + outcome + " " + status + " " + code + " \"" + message + "\"");
        addIfThere(line, "id", details.getId());
        addIfThere(line, "api_name", details.getApiName());
        addIfThere(line, "json_path", details.getJsonPath());
        addIfThere(line, "resource_path_index", details.getResourcePathIndex());
        System.out.println(line);
    }

    private static void addIfThere(StringJoiner line, String key, Object value) {
        if (value != null) {
            line.add(key + "=" + value);
        }
    }
}
