// How a model is asked from elsewhere: curl, Python and JavaScript, with an example of its task.

import { apiKey, urlOf } from "./api.js";
import { h, jsonOf } from "./dom.js";
import { copyButton } from "./snippet.js";

/** @import { Fields, Model, TaskDetail } from "../../client/densely.js" */

const LONGEST = 1500; // characters of an input that is written out

/** @param {TaskDetail} task @param {Model} model */
export function usageOf(task, model) {
	const choice = model.active ? {} : { model: model.id };
	const input = task.examples[0]?.input ?? task.example;
	const codes = {
		curl: curl(task, input, choice),
		Python: python(task, input, choice),
		JavaScript: script(task, input, choice),
	};
	return h(
		"section.card",
		{ "data-usage": true },
		h("h2", "Use it"),
		h(
			"p.soft.small",
			model.active
				? "It is the active one: a request needs not name it."
				: "A request that names it is answered by it, whichever version is active.",
		),
		Object.entries(codes).map(([name, text]) => {
			const code = h("code", text);
			return h(
				"div.stack.tight",
				h("h3", name),
				h(
					"div.code",
					h("pre", { tabindex: 0, role: "group", label: name }, code),
					copyButton(name, () => text),
				),
			);
		}),
	);
}

/** Whether an input is better sent as a file than written out. @param {TaskDetail} task @param {Fields} input */
const isFile = (task, input) => task.kind === "image" && JSON.stringify(input).length > LONGEST;

/** @param {TaskDetail} task @param {Fields} input @param {Fields} choice */
function curl(task, input, choice) {
	const key = apiKey() && ' \\\n  -H "Authorization: Bearer $DENSELY_API_KEY"';
	const head = `curl -s '${urlOf("predict")}'${key} \\\n  -H 'Content-Type: application/json' \\\n  -d `;
	const quoted = (/** @type {string} */ text) => `'${text.replaceAll("'", "'\\''")}'`;
	if (!isFile(task, input)) return head + quoted(JSON.stringify({ task: task.name, ...input, ...choice }));
	const [before, after] = JSON.stringify({ task: task.name, ...choice, image: "\n" })
		.split("\\n")
		.map(quoted);
	return `(printf %s ${before}; base64 < picture.png; printf %s ${after}) |\n  ${head}@-`;
}

/** @param {TaskDetail} task @param {Fields} input @param {Fields} choice */
function python(task, input, choice) {
	const file = isFile(task, input);
	const given = { ...(file ? {} : input), ...choice };
	const fields = Object.entries(given).map(([name, value]) => `${name}=${literal(value)}`);
	const key = apiKey() ? ', api_key=os.environ["DENSELY_API_KEY"]' : "";
	const imports = [key && "import os", file && "from pathlib import Path", "from densely_client import Densely"].filter(
		Boolean,
	);
	const image = file ? ['image=Path("picture.png")'] : [];
	return `${imports.join("\n")}

with Densely("${urlOf("").replace(/\/$/, "")}"${key}) as client:
    answer = client.predict(${[`"${task.name}"`, ...image, ...fields].join(", ")})
    print(answer)`;
}

/** A JSON value as Python writes it. @param {unknown} value @returns {string} */
function literal(value) {
	if (value === null || value === undefined) return "None";
	if (typeof value === "boolean") return value ? "True" : "False";
	if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
	if (typeof value !== "object") return JSON.stringify(value);
	return `{${Object.entries(value)
		.map(([name, one]) => `${JSON.stringify(name)}: ${literal(one)}`)
		.join(", ")}}`;
}

/** @param {TaskDetail} task @param {Fields} input @param {Fields} choice */
function script(task, input, choice) {
	const file = isFile(task, input);
	const fields = file ? "{ image: file }" : jsonOf(input);
	const rest = Object.keys(choice).length ? `, ${JSON.stringify(choice)}` : "";
	const key = apiKey() ? "{ key }" : "";
	return `import { Densely } from "${urlOf("client/densely.js")}";

const densely = new Densely(${key});
const answer = await densely.predict("${task.name}", ${fields}${rest});
console.log(answer);`;
}
