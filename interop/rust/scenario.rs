use std::env::var;

use zoho_crm::apis::configuration::{ApiKey, Configuration};
use zoho_crm::apis::contact_roles_api::{get_contact_roles, update_contact_role, update_contact_roles};
use zoho_crm::apis::modules_api::{update_custom_module, UpdateCustomModuleError};
use zoho_crm::apis::{Error, ResponseContent};
use zoho_crm::models::*;

async fn update_module(crm: &Configuration, module: &str, profile: ModuleProfile) -> String {
    let update = CustomModuleUpdate::new("Posters".into(), "Poster".into(), vec![profile]);
    match update_custom_module(crm, module, CustomModuleUpdateBody::new(vec![update])).await {
        Ok(updated) => format!("{:?}", updated.modules[0].code).to_uppercase(),
        Err(Error::ResponseError(ResponseContent { entity: Some(UpdateCustomModuleError::Status400(error)), .. })) => error.code.unwrap_or_default(),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let key = ApiKey { prefix: Some("Zoho-oauthtoken".into()), key: var("TOKEN")? };
    let crm = Configuration { base_path: var("API_URL")?, api_key: Some(key), ..Configuration::default() };

    let roles = get_contact_roles(&crm).await?.contact_roles;
    println!("{} roles, first {}", roles.len(), roles[0].name);

    let name = SingleContactRoleUpdate { name: Some("Sales Lead".into()), ..Default::default() };
    let renamed = update_contact_role(&crm, &roles[0].id, SingleContactRoleUpdateBody::new(vec![name])).await?;
    println!("rename: {}", format!("{:?}", renamed.contact_roles[0].code).to_uppercase());

    let update = |id: &str, name: &str| ContactRoleUpdate { name: Some(name.into()), ..ContactRoleUpdate::new(id.into()) };
    let updates = vec![update(&roles[1].id, "Buyer"), update(&roles[2].id, "Sales Lead")];
    let results = update_contact_roles(&crm, ContactRolesUpdateBody::new(updates)).await?.contact_roles;
    println!("bulk update: {}", results.iter().map(|result| result.code.as_str()).collect::<Vec<_>>().join(", "));

    let grant = ModuleProfile::new(var("GRANTED")?);
    let removal = ModuleProfile { id: var("REMOVED")?, _delete: Some(None) };
    println!("grant: {}", update_module(&crm, &var("MODULE")?, grant.clone()).await);
    println!("removal: {}", update_module(&crm, &var("MODULE")?, removal).await);
    println!("unknown module: {}", update_module(&crm, "Unknown", grant).await);
    Ok(())
}
