// A request as curl and as fetch, ready to copy.

import { apiKey, urlOf } from "./api.js";
import { button, h, say } from "./dom.js";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A call as a shell command. The key itself is never shown. */
export function curl(method, path, body) {
	const parts = ["curl -s"];
	if (method !== "GET" && !(method === "POST" && body !== undefined)) parts.push(`-X ${method}`);
	parts.push(quoted(urlOf(path)));
	if (apiKey()) parts.push('-H "Authorization: Bearer $DENSELY_KEY"');
	if (body !== undefined) parts.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(body))}`);
	return parts.join(" \\\n  ");
}

export function fetchCode(method, path, body) {
	const headers = [];
	if (body !== undefined) headers.push('"Content-Type": "application/json"');
	if (apiKey()) headers.push("Authorization: `Bearer ${key}`");
	const options = [];
	if (method !== "GET") options.push(`method: "${method}"`);
	if (headers.length) options.push(`headers: { ${headers.join(", ")} }`);
	if (body !== undefined) options.push(`body: JSON.stringify(${JSON.stringify(body)})`);
	const second = options.length ? `, {\n  ${options.join(",\n  ")},\n}` : "";
	return `const answer = await fetch("${urlOf(path)}"${second});\nconsole.log(await answer.json());`;
}

/** A box with both; `show(method, path, body)` changes what it holds. */
export function snippet() {
	const codes = { curl: h("code"), fetch: h("code") };
	const node = h("details.card", { "data-snippet": true }, h("summary", "This request as curl and fetch"),
		h("div.stack", Object.entries(codes).map(([name, code]) =>
			h("div.code", h("pre", { tabindex: 0, role: "group", label: name }, code), copyButton(name, () => code.textContent)))));
	const show = (method, path, body) => {
		codes.curl.textContent = curl(method, path, body);
		codes.fetch.textContent = fetchCode(method, path, body);
	};
	return { node, show };
}

export function copyButton(name, text) {
	return button("Copy", async ({ target }) => {
		// Plain http from another machine has no clipboard.
		const done = await navigator.clipboard?.writeText(text()).then(() => true, () => false);
		target.textContent = done ? "Copied" : "Select it";
		say(done ? `${name} copied` : "The browser does not allow copying");
		setTimeout(() => { target.textContent = "Copy"; }, 1500);
	}, { label: `Copy the ${name}` });
}
