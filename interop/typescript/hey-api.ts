import { client } from "./hey-api/client.gen.js";
import { updateContactRole, updateContactRoles, updateCustomModule } from "./hey-api/index.js";
import type { ContactRolesUpdateError, CustomModuleUpdateError, Details, ModuleProfile } from "./hey-api/index.js";

type Result = Pick<CustomModuleUpdateError, "code" | "message"> & { status?: "success" | "error"; details?: Details };

function show(step: string, response: Response | undefined, results: Result[]): void {
  for (const { status, code, message, details = {} } of results) {
    const named = (["id", "api_name", "json_path", "resource_path_index"] as const)
      .filter((key) => details[key] !== undefined)
      .map((key) => ` ${key}=${details[key]}`);
    console.log(`${step} ${response?.ok ? "ok" : response?.status} ${status} ${code} "${message}"${named.join("")}`);
  }
}

const administrator = "2423488000000015972", standard = "2423488000000015975";
client.setConfig({ baseUrl: process.env["API_URL"] ?? "", auth: `Zoho-oauthtoken ${process.env["TOKEN"]}` });

async function updateModule(step: string, module: string, ...profiles: ModuleProfile[]): Promise<void> {
  const { data, error, response } = await updateCustomModule({
    path: { module },
    body: { modules: [{ plural_label: "Digital Marketings", singular_label: "Digital Marketing", profiles }] },
  });
  const refused: CustomModuleUpdateError = error ?? {};
  show(step, response, data?.modules ?? refused.modules ?? [refused]);
}

async function updateRole(step: string): Promise<void> {
  const { data, error, response } = await updateContactRole({
    path: { contact_role_id: "4150868000003611012" },
    body: { contact_roles: [{ sequence_number: 1 }] },
  });
  const refused: ContactRolesUpdateError = error ?? {};
  show(step, response, data?.contact_roles ?? refused.contact_roles ?? [refused]);
}

await updateModule("remove_profile", "2423488000000834002", { id: standard }, { id: administrator, _delete: null });

const { data, error, response } = await updateContactRoles({
  body: {
    contact_roles: [
      { id: "4150868000003611011", name: "Sales Lead", sequence_number: 5 },
      { id: "4150868000003611012", name: "Sales Lead" },
    ],
  },
});
const refused: ContactRolesUpdateError = error ?? {};
show("bulk_update", response, data?.contact_roles ?? refused.contact_roles ?? [refused]);

await updateRole("single_update");
client.setConfig({ auth: "Zoho-oauthtoken 1000.wrong" });
await updateRole("wrong_token");
client.setConfig({ auth: `Zoho-oauthtoken ${process.env["TOKEN"]}` });
await updateModule("last_profile", "2423488000000834002", { id: standard, _delete: null });
await updateModule("unknown_module", "Unknown", { id: standard });
