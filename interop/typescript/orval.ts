import { getContactRoles, updateContactRole, updateContactRoles, updateCustomModule } from "./client.js";
import type { ModuleProfile } from "./client.js";

const { API_URL = "", TOKEN, MODULE = "", GRANTED = "", REMOVED = "" } = process.env;
const plainFetch = globalThis.fetch;
globalThis.fetch = (path, options) =>
  plainFetch(`${API_URL}${path}`, { ...options, headers: { ...options?.headers, Authorization: `Zoho-oauthtoken ${TOKEN}` } });

async function updateModule(module: string, profile: ModuleProfile): Promise<string | undefined> {
  const updated = await updateCustomModule(module, { modules: [{ plural_label: "Posters", singular_label: "Poster", profiles: [profile] }] });
  return updated.status === 200 ? updated.data.modules[0]?.code : updated.data.code;
}

const read = await getContactRoles();
const roles = read.status === 200 ? read.data.contact_roles : [];
const [first, second, third] = roles;
if (!first || !second || !third) throw new Error("too few roles");
console.log(`${roles.length} roles, first ${first.name}`);

const renamed = await updateContactRole(first.id, { contact_roles: [{ name: "Sales Lead" }] });
console.log(`rename: ${renamed.status === 200 && renamed.data.contact_roles[0]?.code}`);

const updated = await updateContactRoles({ contact_roles: [{ id: second.id, name: "Buyer" }, { id: third.id, name: "Sales Lead" }] });
console.log(`bulk update: ${updated.status === 207 && updated.data.contact_roles.map((result) => result.code).join(", ")}`);

console.log(`grant: ${await updateModule(MODULE, { id: GRANTED })}`);
console.log(`removal: ${await updateModule(MODULE, { id: REMOVED, _delete: null })}`);
console.log(`unknown module: ${await updateModule("Unknown", { id: GRANTED })}`);
