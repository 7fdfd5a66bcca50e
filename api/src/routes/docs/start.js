"use strict";

SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  docExpansion: "list",
  filter: true,
  tryItOutEnabled: false,
  // No answer of any other server is needed to show this page.
  validatorUrl: null,
});
