import os

from zoho_crm import AuthenticatedClient
from zoho_crm.api.contact_roles import get_contact_roles, update_contact_role, update_contact_roles
from zoho_crm.api.modules import update_custom_module
from zoho_crm.models import (
    ContactRolesResponse,
    ContactRolesUpdateBody,
    ContactRolesUpdateResponse,
    ContactRoleUpdate,
    ContactRoleUpdateResponse,
    CustomModuleUpdate,
    CustomModuleUpdateBody,
    CustomModuleUpdateError,
    CustomModuleUpdateResponse,
    ModuleProfile,
    SingleContactRoleUpdate,
    SingleContactRoleUpdateBody,
)

crm = AuthenticatedClient(base_url=os.environ["API_URL"], token=os.environ["TOKEN"], prefix="Zoho-oauthtoken")


def update_module(module: str, profile: ModuleProfile) -> object:
    body = CustomModuleUpdateBody([CustomModuleUpdate("Posters", "Poster", [profile])])
    response = update_custom_module.sync(module, client=crm, body=body)
    if isinstance(response, CustomModuleUpdateResponse):
        return response.modules[0].code
    assert isinstance(response, CustomModuleUpdateError)
    return response.code


read = get_contact_roles.sync(client=crm)
assert isinstance(read, ContactRolesResponse)
roles = read.contact_roles
print(f"{len(roles)} roles, first {roles[0].name}")

renamed = update_contact_role.sync(roles[0].id, client=crm, body=SingleContactRoleUpdateBody([SingleContactRoleUpdate(name="Sales Lead")]))
assert isinstance(renamed, ContactRoleUpdateResponse)
print("rename:", renamed.contact_roles[0].code)

updates = [ContactRoleUpdate(roles[1].id, name="Buyer"), ContactRoleUpdate(roles[2].id, name="Sales Lead")]
updated = update_contact_roles.sync(client=crm, body=ContactRolesUpdateBody(updates))
assert isinstance(updated, ContactRolesUpdateResponse)
print("bulk update:", ", ".join(result.code for result in updated.contact_roles))

print("grant:", update_module(os.environ["MODULE"], ModuleProfile(os.environ["GRANTED"])))
print("removal:", update_module(os.environ["MODULE"], ModuleProfile(os.environ["REMOVED"], field_delete=None)))
print("unknown module:", update_module("Unknown", ModuleProfile(os.environ["GRANTED"])))
