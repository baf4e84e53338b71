export default {
  input: "../../../spec/openapi.yaml",
  output: { path: "hey-api", importFileExtension: ".js" },
};
