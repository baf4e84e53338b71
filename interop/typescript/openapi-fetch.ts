import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

type Schemas = components["schemas"];
type Result = Pick<Schemas["CustomModuleUpdateError"], "code" | "message"> & { status?: "success" | "error"; details?: Schemas["Details"] };

function show(step: string, response: Response, results: Result[]): void {
  for (const { status, code, message, details = {} } of results) {
    const named = (["id", "api_name", "json_path", "resource_path_index"] as const)
      .filter((key) => details[key] !== undefined)
      .map((key) => ` ${key}=${details[key]}`);
    console.log(`${step} ${response.ok ? "ok" : response.status} ${status} ${code} "${message}"${named.join("")}`);
  }
}

const administrator = "2423488000000015972", standard = "2423488000000015975";
const baseUrl = process.env["API_URL"] ?? "", token = process.env["TOKEN"] ?? "";
const crm = createClient<paths>({ baseUrl, headers: { Authorization: `Zoho-oauthtoken ${token}` } });
const stranger = createClient<paths>({ baseUrl, headers: { Authorization: "Zoho-oauthtoken 1000.wrong" } });

async function updateModule(step: string, module: string, ...profiles: Schemas["ModuleProfile"][]): Promise<void> {
  const { data, error, response } = await crm.PUT("/settings/modules/{module}", {
    params: { path: { module } },
    body: { modules: [{ plural_label: "Digital Marketings", singular_label: "Digital Marketing", profiles }] },
  });
  const refused: Schemas["CustomModuleUpdateError"] = error ?? {};
  show(step, response, data?.modules ?? refused.modules ?? [refused]);
}

async function updateRole(step: string, client: typeof crm): Promise<void> {
  const { data, error, response } = await client.PUT("/Contacts/roles/{contact_role_id}", {
    params: { path: { contact_role_id: "4150868000003611012" } },
    body: { contact_roles: [{ sequence_number: 1 }] },
  });
  const refused: Schemas["ContactRolesUpdateError"] = error ?? {};
  show(step, response, data?.contact_roles ?? refused.contact_roles ?? [refused]);
}

await updateModule("remove_profile", "2423488000000834002", { id: standard }, { id: administrator, _delete: null });

const { data, error, response } = await crm.PUT("/Contacts/roles", {
  body: {
    contact_roles: [
      { id: "4150868000003611011", name: "Sales Lead", sequence_number: 5 },
      { id: "4150868000003611012", name: "Sales Lead" },
    ],
  },
});
const refused: Schemas["ContactRolesUpdateError"] = error ?? {};
show("bulk_update", response, data?.contact_roles ?? refused.contact_roles ?? [refused]);

await updateRole("single_update", crm);
await updateRole("wrong_token", stranger);
await updateModule("last_profile", "2423488000000834002", { id: standard, _delete: null });
await updateModule("unknown_module", "Unknown", { id: standard });
