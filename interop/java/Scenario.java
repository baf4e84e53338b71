import java.util.List;
import java.util.stream.Collectors;

import org.openapitools.client.ApiClient;
import org.openapitools.client.ApiException;
import org.openapitools.client.api.ContactRolesApi;
import org.openapitools.client.api.ModulesApi;
import org.openapitools.client.model.*;

final class Scenario {
    private static final ApiClient CRM = new ApiClient();

    private static Object updateModule(String module, ModuleProfile profile) throws Exception {
        CustomModuleUpdate update = new CustomModuleUpdate().pluralLabel("Posters").singularLabel("Poster").addProfilesItem(profile);
        try {
            return new ModulesApi(CRM).updateCustomModule(module, new CustomModuleUpdateBody().addModulesItem(update)).getModules().get(0).getCode();
        } catch (ApiException e) {
            return CRM.getObjectMapper().readValue(e.getResponseBody(), CustomModuleUpdateError.class).getCode();
        }
    }

    public static void main(String[] args) throws Exception {
        CRM.updateBaseUri(System.getenv("API_URL"));
        CRM.setRequestInterceptor(request -> request.setHeader("Authorization", "Zoho-oauthtoken " + System.getenv("TOKEN")));
        ContactRolesApi contactRoles = new ContactRolesApi(CRM);

        List<ContactRole> roles = contactRoles.getContactRoles().getContactRoles();
        System.out.println(roles.size() + " roles, first " + roles.get(0).getName());

        SingleContactRoleUpdateBody name = new SingleContactRoleUpdateBody().addContactRolesItem(new SingleContactRoleUpdate().name("Sales Lead"));
        System.out.println("rename: " + contactRoles.updateContactRole(roles.get(0).getId(), name).getContactRoles().get(0).getCode());

        ContactRolesUpdateBody updates = new ContactRolesUpdateBody()
                .addContactRolesItem(new ContactRoleUpdate().id(roles.get(1).getId()).name("Buyer"))
                .addContactRolesItem(new ContactRoleUpdate().id(roles.get(2).getId()).name("Sales Lead"));
        System.out.println("bulk update: " + contactRoles.updateContactRoles(updates).getContactRoles().stream()
                .map(ItemResult::getCode).collect(Collectors.joining(", ")));

        ModuleProfile grant = new ModuleProfile().id(System.getenv("GRANTED"));
        ModuleProfile removal = new ModuleProfile().id(System.getenv("REMOVED")).delete(null);
        System.out.println("grant: " + updateModule(System.getenv("MODULE"), grant));
        System.out.println("removal: " + updateModule(System.getenv("MODULE"), removal));
        System.out.println("unknown module: " + updateModule("Unknown", grant));
    }
}
