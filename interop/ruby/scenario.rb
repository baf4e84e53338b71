require 'uri'
require 'openapi_client'

OpenapiClient.configure do |config|
  url = URI(ENV.fetch('API_URL'))
  config.scheme, config.host, config.base_path = url.scheme, "#{url.host}:#{url.port}", url.path
  config.server_index = nil
  config.api_key['Authorization'] = ENV.fetch('TOKEN')
  config.api_key_prefix['Authorization'] = 'Zoho-oauthtoken'
end
CONTACT_ROLES = OpenapiClient::ContactRolesApi.new
MODULES = OpenapiClient::ModulesApi.new

def update_module(name, profile)
  update = OpenapiClient::CustomModuleUpdate.new(plural_label: 'Posters', singular_label: 'Poster', profiles: [profile])
  MODULES.update_custom_module(name, OpenapiClient::CustomModuleUpdateBody.new(modules: [update])).modules.first.code
rescue OpenapiClient::ApiError => e
  OpenapiClient::CustomModuleUpdateError.build_from_hash(JSON.parse(e.response_body, symbolize_names: true)).code
end

roles = CONTACT_ROLES.get_contact_roles.contact_roles
puts "#{roles.size} roles, first #{roles.first.name}"

name = OpenapiClient::SingleContactRoleUpdate.new(name: 'Sales Lead')
renamed = CONTACT_ROLES.update_contact_role(roles[0].id, OpenapiClient::SingleContactRoleUpdateBody.new(contact_roles: [name]))
puts "rename: #{renamed.contact_roles.first.code}"

updates = [
  OpenapiClient::ContactRoleUpdate.new(id: roles[1].id, name: 'Buyer'),
  OpenapiClient::ContactRoleUpdate.new(id: roles[2].id, name: 'Sales Lead')
]
updated = CONTACT_ROLES.update_contact_roles(OpenapiClient::ContactRolesUpdateBody.new(contact_roles: updates))
puts "bulk update: #{updated.contact_roles.map(&:code).join(', ')}"

grant = OpenapiClient::ModuleProfile.new(id: ENV.fetch('GRANTED'))
removal = OpenapiClient::ModuleProfile.new(id: ENV.fetch('REMOVED'), _delete: nil)
puts "grant: #{update_module(ENV.fetch('MODULE'), grant)}"
puts "removal: #{update_module(ENV.fetch('MODULE'), removal)}"
puts "unknown module: #{update_module('Unknown', grant)}"
