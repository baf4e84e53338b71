import os

from zoho_crm import AuthenticatedClient, models
from zoho_crm.api.contact_roles import get_contact_roles, update_contact_role, update_contact_roles
from zoho_crm.api.modules import update_custom_module

crm = AuthenticatedClient(base_url=os.environ["API_URL"], token=os.environ["TOKEN"], prefix="Zoho-oauthtoken")


def update_module(module: str, profile: models.ModuleProfile) -> object:
    body = models.CustomModuleUpdateBody([models.CustomModuleUpdate("Posters", "Poster", [profile])])
    response = update_custom_module.sync(module, client=crm, body=body)
    if isinstance(response, models.CustomModuleUpdateResponse):
        return response.modules[0].code
    assert isinstance(response, models.CustomModuleUpdateError)
    return response.code


read = get_contact_roles.sync(client=crm)
assert isinstance(read, models.ContactRolesResponse)
roles = read.contact_roles
print(f"{len(roles)} roles, first {roles[0].name}")

renamed = update_contact_role.sync(roles[0].id, client=crm, body=models.SingleContactRoleUpdateBody([models.SingleContactRoleUpdate(name="Sales Lead")]))
assert isinstance(renamed, models.ContactRoleUpdateResponse)
print("rename:", renamed.contact_roles[0].code)

updates = [models.ContactRoleUpdate(roles[1].id, name="Buyer"), models.ContactRoleUpdate(roles[2].id, name="Sales Lead")]
updated = update_contact_roles.sync(client=crm, body=models.ContactRolesUpdateBody(updates))
assert isinstance(updated, models.ContactRolesUpdateResponse)
print("bulk update:", ", ".join(result.code for result in updated.contact_roles))

print("grant:", update_module(os.environ["MODULE"], models.ModuleProfile(os.environ["GRANTED"])))
print("removal:", update_module(os.environ["MODULE"], models.ModuleProfile(os.environ["REMOVED"], field_delete=None)))
print("unknown module:", update_module("Unknown", models.ModuleProfile(os.environ["GRANTED"])))
