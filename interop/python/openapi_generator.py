import os

from zoho_crm import ApiClient, ApiException, Configuration, ContactRolesApi, ModulesApi
from zoho_crm.models import (
    ContactRolesUpdateError,
    ContactRolesUpdateBody,
    ContactRoleUpdate,
    CustomModuleUpdateError,
    CustomModuleUpdate,
    CustomModuleUpdateBody,
    Details,
    ErrorResult,
    ItemResult,
    ModuleProfile,
    SingleContactRoleUpdate,
    SingleContactRoleUpdateBody,
    SuccessDetails,
    SuccessResult,
)

ADMINISTRATOR, STANDARD = "2423488000000015972", "2423488000000015975"

Result = ContactRolesUpdateError | CustomModuleUpdateError | ErrorResult | ItemResult | SuccessResult


def named(details: Details | SuccessDetails | None) -> str:
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
            return "".join(f" {key}={value}" for key, value in values.items() if value is not None)
        case _:
            return ""


def show(step: str, outcome: int | str, *results: Result) -> None:
    for result in results:
        print(f'{step} {outcome} {result.status} {result.code} "{result.message}"{named(result.details)}')


def show_refused(step: str, error: ApiException) -> None:
    match error.data:
        case CustomModuleUpdateError(modules=list(items)) | ContactRolesUpdateError(contact_roles=list(items)):
            show(step, error.status, *items)
        case CustomModuleUpdateError() | ContactRolesUpdateError() | ErrorResult():
            show(step, error.status, error.data)


def new_client(token: str) -> ApiClient:
    key = {"zohoOAuthToken": f"Zoho-oauthtoken {token}"}
    return ApiClient(Configuration(host=os.environ["API_URL"], api_key=key))


crm = new_client(os.environ["TOKEN"])


def update_module(step: str, module: str, *profiles: ModuleProfile) -> None:
    update = CustomModuleUpdate(plural_label="Digital Marketings", singular_label="Digital Marketing", profiles=list(profiles))
    try:
        show(step, "ok", *ModulesApi(crm).update_custom_module(module, CustomModuleUpdateBody(modules=[update])).modules)
    except ApiException as error:
        show_refused(step, error)


def update_role(step: str, client: ApiClient) -> None:
    body = SingleContactRoleUpdateBody(contact_roles=[SingleContactRoleUpdate(sequence_number=1)])
    try:
        show(step, "ok", *ContactRolesApi(client).update_contact_role("4150868000003611012", body).contact_roles)
    except ApiException as error:
        show_refused(step, error)


update_module("remove_profile", "2423488000000834002", ModuleProfile(id=STANDARD), ModuleProfile(id=ADMINISTRATOR, _delete=None))
roles = [
    ContactRoleUpdate(id="4150868000003611011", name="Sales Lead", sequence_number=5),
    ContactRoleUpdate(id="4150868000003611012", name="Sales Lead"),
]
show("bulk_update", "ok", *ContactRolesApi(crm).update_contact_roles(ContactRolesUpdateBody(contact_roles=roles)).contact_roles)
update_role("single_update", crm)
update_role("wrong_token", new_client("1000.wrong"))
update_module("last_profile", "2423488000000834002", ModuleProfile(id=STANDARD, _delete=None))
update_module("unknown_module", "Unknown", ModuleProfile(id=STANDARD))
