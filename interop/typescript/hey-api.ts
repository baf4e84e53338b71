import { client } from "./client/client.gen.js";
import { getContactRoles, updateContactRole, updateContactRoles, updateCustomModule } from "./client/index.js";
import type { ModuleProfile } from "./client/index.js";

const { API_URL = "", TOKEN, MODULE = "", GRANTED = "", REMOVED = "" } = process.env;
client.setConfig({ baseUrl: API_URL, auth: `Zoho-oauthtoken ${TOKEN}` });

async function updateModule(module: string, profile: ModuleProfile): Promise<string | undefined> {
  const { data, error } = await updateCustomModule({
    path: { module },
    body: { modules: [{ plural_label: "Posters", singular_label: "Poster", profiles: [profile] }] },
  });
  return data?.modules[0]?.code ?? error?.code;
}

const { data: read } = await getContactRoles();
const [first, second, third] = read?.contact_roles ?? [];
if (!first || !second || !third) throw new Error("too few roles");
console.log(`${read?.contact_roles.length} roles, first ${first.name}`);

const { data: renamed } = await updateContactRole({
  path: { contact_role_id: first.id },
  body: { contact_roles: [{ name: "Sales Lead" }] },
});
console.log(`rename: ${renamed?.contact_roles[0]?.code}`);

const { data: updated } = await updateContactRoles({
  body: { contact_roles: [{ id: second.id, name: "Buyer" }, { id: third.id, name: "Sales Lead" }] },
});
console.log(`bulk update: ${updated?.contact_roles.map((result) => result.code).join(", ")}`);

console.log(`grant: ${await updateModule(MODULE, { id: GRANTED })}`);
console.log(`removal: ${await updateModule(MODULE, { id: REMOVED, _delete: null })}`);
console.log(`unknown module: ${await updateModule("Unknown", { id: GRANTED })}`);
