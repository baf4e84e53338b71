use std::fmt::{Debug, Display};

use zoho_crm::apis::configuration::{ApiKey, Configuration};
use zoho_crm::apis::contact_roles_api::{self, UpdateContactRoleError, UpdateContactRolesError};
use zoho_crm::apis::modules_api::{self, UpdateCustomModuleError};
use zoho_crm::apis::{Error, ResponseContent};
use zoho_crm::models::*;

const ADMINISTRATOR: &str = "2423488000000015972";
const STANDARD: &str = "2423488000000015975";

fn client(token: &str) -> Configuration {
    Configuration {
        base_path: std::env::var("API_URL").expect("API_URL"),
        api_key: Some(ApiKey { prefix: Some("Zoho-oauthtoken".into()), key: token.into() }),
        ..Configuration::default()
    }
}

/// The enums of the client have no Display, and their Debug is the name of the variant.
fn show(step: &str, outcome: &dyn Display, status: &dyn Debug, code: &str, message: &str, details: &Details) {
    let mut line = format!("{step} {outcome} {} {code} \"{message}\"", format!("{status:?}").to_lowercase());
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            line += &format!(" {key}={value}");
        }
    };
    add("id", details.id.clone());
    add("api_name", details.api_name.clone());
    add("json_path", details.json_path.clone());
    add("resource_path_index", details.resource_path_index.map(|index| index.to_string()));
    println!("{line}");
}

fn show_successes(step: &str, results: &[SuccessResult]) {
    for result in results {
        let code = format!("{:?}", result.code).to_uppercase();
        let details = Details { id: Some(result.details.id.clone()), ..Details::new() };
        show(step, &"ok", &result.status, &code, &result.message, &details);
    }
}

fn show_items(step: &str, outcome: &dyn Display, results: &[ItemResult]) {
    for result in results {
        show(step, outcome, &result.status, &result.code, &result.message, &result.details);
    }
}

fn refused<T: Debug>(error: Error<T>) -> (u16, T) {
    match error {
        Error::ResponseError(ResponseContent { status, entity: Some(entity), .. }) => (status.as_u16(), entity),
        other => panic!("{other}"),
    }
}

async fn update_module(step: &str, client: &Configuration, module: &str, profiles: Vec<ModuleProfile>) {
    let update = CustomModuleUpdate::new("Digital Marketings".into(), "Digital Marketing".into(), profiles);
    match modules_api::update_custom_module(client, module, CustomModuleUpdateBody::new(vec![update])).await {
        Ok(updated) => show_successes(step, &updated.modules),
        Err(error) => match refused(error) {
            (status, UpdateCustomModuleError::Status400(CustomModuleUpdateError { modules: Some(results), .. })) => show_items(step, &status, &results),
            (status, UpdateCustomModuleError::Status400(CustomModuleUpdateError { code: Some(code), message: Some(message), details: Some(details), status: Some(result), .. })) => {
                show(step, &status, &result, &code, &message, &details)
            }
            other => panic!("{other:?}"),
        },
    }
}

async fn update_roles(step: &str, client: &Configuration, roles: Vec<ContactRoleUpdate>) {
    match contact_roles_api::update_contact_roles(client, ContactRolesUpdateBody::new(roles)).await {
        Ok(results) => show_items(step, &"ok", &results.contact_roles),
        Err(error) => match refused(error) {
            (status, UpdateContactRolesError::Status400(ContactRolesUpdateError { contact_roles: Some(results), .. })) => show_items(step, &status, &results),
            other => panic!("{other:?}"),
        },
    }
}

async fn update_role(step: &str, client: &Configuration) {
    let update = SingleContactRoleUpdate { sequence_number: Some(1), ..SingleContactRoleUpdate::new() };
    match contact_roles_api::update_contact_role(client, "4150868000003611012", SingleContactRoleUpdateBody::new(vec![update])).await {
        Ok(updated) => show_successes(step, &updated.contact_roles),
        // The client reads any bare error as that of 400, as the first of its shapes that fits.
        Err(error) => match refused(error) {
            (status, UpdateContactRoleError::Status400(ContactRolesUpdateError { code: Some(code), message: Some(message), details: Some(details), status: Some(result), .. })) => {
                show(step, &status, &result, &code, &message, &details)
            }
            other => panic!("{other:?}"),
        },
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let crm = client(&std::env::var("TOKEN").expect("TOKEN"));
    let grant = |id: &str| ModuleProfile::new(id.into());
    let remove = |id: &str| ModuleProfile { id: id.into(), _delete: Some(None) };
    update_module("remove_profile", &crm, "2423488000000834002", vec![grant(STANDARD), remove(ADMINISTRATOR)]).await;
    let role = |id: &str, sequence_number| ContactRoleUpdate { name: Some("Sales Lead".into()), sequence_number, ..ContactRoleUpdate::new(id.into()) };
    update_roles("bulk_update", &crm, vec![role("4150868000003611011", Some(5)), role("4150868000003611012", None)]).await;
    update_role("single_update", &crm).await;
    update_role("wrong_token", &client("1000.wrong")).await;
    update_module("last_profile", &crm, "2423488000000834002", vec![remove(STANDARD)]).await;
    update_module("unknown_module", &crm, "Unknown", vec![grant(STANDARD)]).await;
}
