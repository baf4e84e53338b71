import os

from zoho_crm import ApiClient, ApiException, Configuration, ContactRolesApi, ModulesApi, models

key = {"zohoOAuthToken": os.environ["TOKEN"]}
prefix = {"zohoOAuthToken": "Zoho-oauthtoken"}
crm = ApiClient(Configuration(host=os.environ["API_URL"], api_key=key, api_key_prefix=prefix))
contact_roles, modules = ContactRolesApi(crm), ModulesApi(crm)


def update_module(module: str, profile: models.ModuleProfile) -> str | None:
    update = models.CustomModuleUpdate(plural_label="Posters", singular_label="Poster", profiles=[profile])
    try:
        return modules.update_custom_module(module, models.CustomModuleUpdateBody(modules=[update])).modules[0].code
    except ApiException as error:
        assert isinstance(error.data, models.CustomModuleUpdateError)
        return error.data.code


roles = contact_roles.get_contact_roles().contact_roles
print(f"{len(roles)} roles, first {roles[0].name}")

renamed = contact_roles.update_contact_role(roles[0].id, models.SingleContactRoleUpdateBody(contact_roles=[models.SingleContactRoleUpdate(name="Sales Lead")]))
print("rename:", renamed.contact_roles[0].code)

updates = [models.ContactRoleUpdate(id=roles[1].id, name="Buyer"), models.ContactRoleUpdate(id=roles[2].id, name="Sales Lead")]
results = contact_roles.update_contact_roles(models.ContactRolesUpdateBody(contact_roles=updates)).contact_roles
print("bulk update:", ", ".join(result.code for result in results))

print("grant:", update_module(os.environ["MODULE"], models.ModuleProfile(id=os.environ["GRANTED"])))
print("removal:", update_module(os.environ["MODULE"], models.ModuleProfile(id=os.environ["REMOVED"], _delete=None)))
print("unknown module:", update_module("Unknown", models.ModuleProfile(id=os.environ["GRANTED"])))
