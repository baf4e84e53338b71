<?php

use GuzzleHttp\Client;
use OpenAPI\Client\Api\ContactRolesApi;
use OpenAPI\Client\Api\ModulesApi;
use OpenAPI\Client\ApiException;
use OpenAPI\Client\Configuration;
use OpenAPI\Client\Model;

require 'GuzzleHttp/autoload.php';
spl_autoload_register(fn (string $class) => require str_replace(['OpenAPI\Client', '\\'], ['client/lib', '/'], $class) . '.php');

$config = (new Configuration())->setHost(getenv('API_URL'))->setApiKey('Authorization', getenv('TOKEN'))->setApiKeyPrefix('Authorization', 'Zoho-oauthtoken');
$contactRoles = new ContactRolesApi(new Client(), $config);
$modules = new ModulesApi(new Client(), $config);

$updateModule = function (string $module, array $profile) use ($modules): string {
    $update = new Model\CustomModuleUpdate(['plural_label' => 'Posters', 'singular_label' => 'Poster', 'profiles' => [new Model\ModuleProfile($profile)]]);
    try {
        return $modules->updateCustomModule($module, new Model\CustomModuleUpdateBody(['modules' => [$update]]))->getModules()[0]->getCode();
    } catch (ApiException $error) {
        return $error->getResponseObject()->getCode();
    }
};

$roles = $contactRoles->getContactRoles()->getContactRoles();
echo count($roles), ' roles, first ', $roles[0]->getName(), "\n";

$name = new Model\SingleContactRoleUpdate(['name' => 'Sales Lead']);
$renamed = $contactRoles->updateContactRole($roles[0]->getId(), new Model\SingleContactRoleUpdateBody(['contact_roles' => [$name]]));
echo 'rename: ', $renamed->getContactRoles()[0]->getCode(), "\n";

$updates = [
    new Model\ContactRoleUpdate(['id' => $roles[1]->getId(), 'name' => 'Buyer']),
    new Model\ContactRoleUpdate(['id' => $roles[2]->getId(), 'name' => 'Sales Lead']),
];
$results = $contactRoles->updateContactRoles(new Model\ContactRolesUpdateBody(['contact_roles' => $updates]))->getContactRoles();
echo 'bulk update: ', implode(', ', array_map(fn ($result) => $result->getCode(), $results)), "\n";

echo 'grant: ', $updateModule(getenv('MODULE'), ['id' => getenv('GRANTED')]), "\n";
echo 'removal: ', $updateModule(getenv('MODULE'), ['id' => getenv('REMOVED'), '_delete' => null]), "\n";
echo 'unknown module: ', $updateModule('Unknown', ['id' => getenv('GRANTED')]), "\n";
