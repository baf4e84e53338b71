import createClient from "openapi-fetch";
import type { components, paths } from "./schema.js";

const { API_URL = "", TOKEN, MODULE = "", GRANTED = "", REMOVED = "" } = process.env;
const crm = createClient<paths>({ baseUrl: API_URL, headers: { Authorization: `Zoho-oauthtoken ${TOKEN}` } });

async function updateModule(module: string, profile: components["schemas"]["ModuleProfile"]): Promise<string | undefined> {
  const { data, error } = await crm.PUT("/settings/modules/{module}", {
    params: { path: { module } },
    body: { modules: [{ plural_label: "Posters", singular_label: "Poster", profiles: [profile] }] },
  });
  return data?.modules[0]?.code ?? error?.code;
}

const { data: read } = await crm.GET("/Contacts/roles");
const [first, second, third] = read?.contact_roles ?? [];
if (!first || !second || !third) throw new Error("too few roles");
console.log(`${read?.contact_roles.length} roles, first ${first.name}`);

const { data: renamed } = await crm.PUT("/Contacts/roles/{contact_role_id}", {
  params: { path: { contact_role_id: first.id } },
  body: { contact_roles: [{ name: "Sales Lead" }] },
});
console.log(`rename: ${renamed?.contact_roles[0]?.code}`);

const { data: updated } = await crm.PUT("/Contacts/roles", {
  body: { contact_roles: [{ id: second.id, name: "Buyer" }, { id: third.id, name: "Sales Lead" }] },
});
console.log(`bulk update: ${updated?.contact_roles.map((result) => result.code).join(", ")}`);

console.log(`grant: ${await updateModule(MODULE, { id: GRANTED })}`);
console.log(`removal: ${await updateModule(MODULE, { id: REMOVED, _delete: null })}`);
console.log(`unknown module: ${await updateModule("Unknown", { id: GRANTED })}`);
