using System;
using System.Collections.Generic;
using System.Linq;
using Newtonsoft.Json;
using Org.OpenAPITools.Api;
using Org.OpenAPITools.Client;
using Org.OpenAPITools.Model;

namespace Org.OpenAPITools.Model
{
    // The generated class sends null for an unset _delete, which would remove the profile. Json.NET calls this method.
    partial class ModuleProfile
    {
        public bool IsRemoval;
        public bool ShouldSerializeDelete() => IsRemoval;
    }
}

static class Scenario
{
    static readonly Configuration Config = new Configuration { BasePath = Env("API_URL") };
    static string Env(string name) => Environment.GetEnvironmentVariable(name);
    static string UpdateModule(string module, ModuleProfile profile)
    {
        var update = new List<CustomModuleUpdate> { new CustomModuleUpdate("Posters", "Poster", new List<ModuleProfile> { profile }) };
        try { return new ModulesApi(Config).UpdateCustomModule(module, new CustomModuleUpdateBody(update)).Modules[0].Code.ToString(); }
        catch (ApiException error) { return JsonConvert.DeserializeObject<CustomModuleUpdateError>((string)error.ErrorContent).Code; }
    }

    static void Main()
    {
        Config.ApiKey["Authorization"] = Env("TOKEN");
        Config.ApiKeyPrefix["Authorization"] = "Zoho-oauthtoken";
        var contactRoles = new ContactRolesApi(Config);
        var roles = contactRoles.GetContactRoles().ContactRoles;
        Console.WriteLine($"{roles.Count} roles, first {roles[0].Name}");
        var name = new SingleContactRoleUpdateBody(new List<SingleContactRoleUpdate> { new SingleContactRoleUpdate { Name = "Sales Lead" } });
        Console.WriteLine("rename: " + contactRoles.UpdateContactRole(roles[0].Id, name).ContactRoles[0].Code);
        var updates = new List<ContactRoleUpdate> { new ContactRoleUpdate(roles[1].Id) { Name = "Buyer" }, new ContactRoleUpdate(roles[2].Id) { Name = "Sales Lead" } };
        Console.WriteLine("bulk update: " + string.Join(", ", contactRoles.UpdateContactRoles(new ContactRolesUpdateBody(updates)).ContactRoles.Select(result => result.Code)));
        Console.WriteLine("grant: " + UpdateModule(Env("MODULE"), new ModuleProfile(Env("GRANTED"))));
        Console.WriteLine("removal: " + UpdateModule(Env("MODULE"), new ModuleProfile(Env("REMOVED")) { IsRemoval = true }));
        Console.WriteLine("unknown module: " + UpdateModule("Unknown", new ModuleProfile(Env("GRANTED"))));
    }
}
