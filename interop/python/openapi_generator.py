import os

from zoho_crm import ApiClient, ApiException, Configuration, ContactRolesApi, ModulesApi
from zoho_crm.models import (
    ContactRolesUpdateBody,
    ContactRoleUpdate,
    CustomModuleUpdate,
    CustomModuleUpdateBody,
    CustomModuleUpdateError,
    ModuleProfile,
    SingleContactRoleUpdate,
    SingleContactRoleUpdateBody,
)

key = {"zohoOAuthToken": os.environ["TOKEN"]}
prefix = {"zohoOAuthToken": "Zoho-oauthtoken"}
crm = ApiClient(Configuration(host=os.environ["API_URL"], api_key=key, api_key_prefix=prefix))
contact_roles, modules = ContactRolesApi(crm), ModulesApi(crm)


def update_module(module: str, profile: ModuleProfile) -> str | None:
    update = CustomModuleUpdate(plural_label="Posters", singular_label="Poster", profiles=[profile])
    try:
        return modules.update_custom_module(module, CustomModuleUpdateBody(modules=[update])).modules[0].code
    except ApiException as error:
        assert isinstance(error.data, CustomModuleUpdateError)
        return error.data.code


roles = contact_roles.get_contact_roles().contact_roles
print(f"{len(roles)} roles, first {roles[0].name}")

renamed = contact_roles.update_contact_role(roles[0].id, SingleContactRoleUpdateBody(contact_roles=[SingleContactRoleUpdate(name="Sales Lead")]))
print("rename:", renamed.contact_roles[0].code)

updates = [ContactRoleUpdate(id=roles[1].id, name="Buyer"), ContactRoleUpdate(id=roles[2].id, name="Sales Lead")]
results = contact_roles.update_contact_roles(ContactRolesUpdateBody(contact_roles=updates)).contact_roles
print("bulk update:", ", ".join(result.code for result in results))

print("grant:", update_module(os.environ["MODULE"], ModuleProfile(id=os.environ["GRANTED"])))
print("removal:", update_module(os.environ["MODULE"], ModuleProfile(id=os.environ["REMOVED"], _delete=None)))
print("unknown module:", update_module("Unknown", ModuleProfile(id=os.environ["GRANTED"])))
