// A request as curl and as fetch, ready to copy.

import { apiKey, urlOf } from "./api.js";
import { button, h, say } from "./dom.js";

const LONG = 30_000; // characters of a picture: longer ones are not shown, but how a file is sent

/** @param {string} text */
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A POST as a shell command. The key itself is never shown. @param {string} path @param {any} body */
function curl(path, body) {
	const key = apiKey() && ' \\\n  -H "Authorization: Bearer $DENSELY_API_KEY"';
	if (body.image?.length > LONG) {
		const [head, tail] = JSON.stringify({ ...body, image: "\n" })
			.split("\\n")
			.map(quoted);
		return `(printf %s ${head}; base64 < picture.jpg; printf %s ${tail}) |\n  curl -s ${quoted(urlOf(path))}${key} \\\n  -H 'Content-Type: application/json' -d @-`;
	}
	return `curl -s ${quoted(urlOf(path))}${key} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quoted(JSON.stringify(body))}`;
}

/** The same as a script. @param {string} path @param {any} body */
function fetchCode(path, body) {
	const key = apiKey() && ", Authorization: `Bearer ${key}`";
	const shown = body.image?.length > LONG ? { ...body, image: "the picture in base64" } : body;
	return `const answer = await fetch("${urlOf(path)}", {
  method: "POST",
  headers: { "Content-Type": "application/json"${key} },
  body: JSON.stringify(${JSON.stringify(shown)}),
});
console.log(await answer.json());`;
}

/** A box with both; `show(path, body)` changes what it holds. */
export function snippet() {
	/** @type {Record<string, HTMLElement>} */
	const codes = { curl: h("code"), fetch: h("code") };
	const node = h(
		"details.card",
		{ "data-snippet": true },
		h("summary", "This request as curl and fetch"),
		h(
			"div.stack",
			Object.entries(codes).map(([name, code]) =>
				h(
					"div.code",
					h("pre", { tabindex: 0, role: "group", label: name }, code),
					copyButton(name, () => code.textContent ?? ""),
				),
			),
		),
	);
	const show = (/** @type {string} */ path, /** @type {object} */ body) => {
		codes.curl.textContent = curl(path, body);
		codes.fetch.textContent = fetchCode(path, body);
	};
	return { node, show };
}

/** @param {string} name what it copies @param {() => string} text */
export function copyButton(name, text) {
	return button(
		"Copy",
		async ({ target }) => {
			const done = await navigator.clipboard?.writeText(text()).then(
				() => true,
				() => false,
			);
			target.textContent = done ? "Copied" : "Select it";
			say(done ? `${name} copied` : "The browser does not allow copying");
			setTimeout(() => {
				target.textContent = "Copy";
			}, 1500);
		},
		{ label: `Copy the ${name}` },
	);
}
