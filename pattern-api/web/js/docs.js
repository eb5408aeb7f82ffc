// The API as its own description tells it: operations by tag, and the types they use.
import { byId, h } from "./dom.js";

const METHODS = ["get", "post", "put", "delete"];

function typeName(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.type === "array") return `list of ${typeName(schema.items)}`;
  const options = (schema.oneOf ?? schema.allOf ?? schema.anyOf ?? []).map(typeName).filter((name) => name && name !== "null");
  if (options.length) return options.join(" or ");
  return [schema.type ?? "anything"].flat().filter((name) => name !== "null").join(" or ") + (schema.format ? ` (${schema.format})` : "");
}

/** A description, what it quotes as code. */
const words = (text) => (text ?? "").split("`").map((part, i) => (i % 2 ? h("code", null, part) : part));

const kind = (said) => h("span", null, said);

const bodyType = (content) => typeName(Object.values(content ?? {})[0]?.schema);

function operation(method, path, details) {
  const parameters = (details.parameters ?? []).map((p) =>
    h("li", null, h("code", null, p.name), " ", kind(`${p.in}, ${typeName(p.schema)}${p.required ? ", required" : ""}`), " ", words(p.description)),
  );
  const answers = Object.entries(details.responses ?? {}).map(([status, answer]) =>
    h("li", null, h("code", null, status), " ", kind(bodyType(answer.content)), " ", words(answer.description)),
  );
  const body = bodyType(details.requestBody?.content);
  return h(
    "details",
    null,
    h("summary", null, h("b", null, method.toUpperCase()), h("code", null, path), " ", kind(words(details.summary))),
    details.description && h("p", null, words(details.description)),
    parameters.length > 0 && [h("p", null, "Parameters"), h("ul", null, parameters)],
    body && h("p", null, `Body: ${body}`),
    h("p", null, "Answers"),
    h("ul", null, answers),
  );
}

function show(document_) {
  byId("about").textContent = document_.info.description;
  const byTag = new Map();
  for (const [path, methods] of Object.entries(document_.paths)) {
    for (const method of METHODS.filter((name) => methods[name])) {
      const tag = methods[method].tags?.[0] ?? "other";
      byTag.set(tag, [...(byTag.get(tag) ?? []), operation(method, path, methods[method])]);
    }
  }
  byId("operations").replaceChildren(...[...byTag].flatMap(([tag, entries]) => [h("h2", null, tag), ...entries]));
  const types = Object.entries(document_.components?.schemas ?? {}).map(([name, schema]) =>
    h("details", null, h("summary", null, h("code", null, name), " ", kind(words(schema.description))), h("pre", null, JSON.stringify(schema, null, 2))),
  );
  byId("types").replaceChildren(...types);
}

try {
  const answer = await fetch("/api/openapi.json");
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  show(await answer.json());
} catch (error) {
  byId("about").textContent = `The description cannot be loaded: ${error.message}. Reload the page to try again.`;
}
