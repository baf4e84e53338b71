import os

from zoho_crm import AuthenticatedClient
from zoho_crm.api.contact_roles import update_contact_role, update_contact_roles
from zoho_crm.api.modules import update_custom_module
from zoho_crm.models import (
    ContactRolesUpdateResponse,
    ContactRolesUpdateError,
    ContactRolesUpdateBody,
    ContactRoleUpdate,
    ContactRoleUpdateResponse,
    CustomModuleUpdateError,
    CustomModuleUpdate,
    CustomModuleUpdateBody,
    CustomModuleUpdateResponse,
    Details,
    ErrorResult,
    ItemResult,
    ModuleProfile,
    SingleContactRoleUpdate,
    SingleContactRoleUpdateBody,
    SuccessDetails,
    SuccessResult,
)
from zoho_crm.types import Unset

ADMINISTRATOR, STANDARD = "2423488000000015972", "2423488000000015975"

Answer = ContactRolesUpdateResponse | ContactRoleUpdateResponse | ContactRolesUpdateError | CustomModuleUpdateError | CustomModuleUpdateResponse | ErrorResult
Result = ContactRolesUpdateError | CustomModuleUpdateError | ErrorResult | ItemResult | SuccessResult


def results(answer: Answer | None) -> list[Result]:
    match answer:
        case CustomModuleUpdateResponse() | CustomModuleUpdateError() if not isinstance(answer.modules, Unset):
            return [*answer.modules]
        case ContactRolesUpdateResponse() | ContactRoleUpdateResponse() | ContactRolesUpdateError() if not isinstance(answer.contact_roles, Unset):
            return [*answer.contact_roles]
        case CustomModuleUpdateError() | ContactRolesUpdateError() | ErrorResult():
            return [answer]
        case _:
            return []


def named(details: Details | SuccessDetails | Unset) -> str:
    match details:
        case SuccessDetails():
            return f" id={details.id}"
        case Details():
            values = {
                "id": details.id,
                "api_name": details.api_name,
                "json_path": details.json_path,
                "resource_path_index": details.resource_path_index,
            }
            return "".join(f" {key}={value}" for key, value in values.items() if not isinstance(value, Unset))
        case _:
            return ""


def show(step: str, status: int, answer: Answer | None) -> None:
    for result in results(answer):
        outcome = "ok" if status < 300 else status
        print(f'{step} {outcome} {result.status} {result.code} "{result.message}"{named(result.details)}')


def new_client(token: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=os.environ["API_URL"], token=token, prefix="Zoho-oauthtoken")


crm = new_client(os.environ["TOKEN"])


def update_module(step: str, module: str, *profiles: ModuleProfile) -> None:
    update = CustomModuleUpdate("Digital Marketings", "Digital Marketing", list(profiles))
    answer = update_custom_module.sync_detailed(module, client=crm, body=CustomModuleUpdateBody([update]))
    show(step, answer.status_code, answer.parsed)


def update_role(step: str, client: AuthenticatedClient) -> None:
    body = SingleContactRoleUpdateBody([SingleContactRoleUpdate(sequence_number=1)])
    answer = update_contact_role.sync_detailed("4150868000003611012", client=client, body=body)
    show(step, answer.status_code, answer.parsed)


update_module("remove_profile", "2423488000000834002", ModuleProfile(STANDARD), ModuleProfile(ADMINISTRATOR, field_delete=None))
roles = [
    ContactRoleUpdate("4150868000003611011", name="Sales Lead", sequence_number=5),
    ContactRoleUpdate("4150868000003611012", name="Sales Lead"),
]
bulk = update_contact_roles.sync_detailed(client=crm, body=ContactRolesUpdateBody(roles))
show("bulk_update", bulk.status_code, bulk.parsed)
update_role("single_update", crm)
update_role("wrong_token", new_client("1000.wrong"))
update_module("last_profile", "2423488000000834002", ModuleProfile(STANDARD, field_delete=None))
update_module("unknown_module", "Unknown", ModuleProfile(STANDARD))
