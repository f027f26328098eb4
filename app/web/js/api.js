// The public API. Paths are relative, so a prefix of a reverse proxy does no harm.

const KEY = "densely-key";

/** An answer that is not 2xx: its problem document. */
export class Problem extends Error {
	constructor(status, problem) {
		super(problem.detail ?? problem.title ?? `status ${status}`);
		this.status = status;
		this.errors = problem.errors ?? [];
		this.passing = [0, 429, 502, 503, 504].includes(status); // the same request may do later
		this.told = this.message + (this.passing ? " Trying again…" : "");
	}
}

export const apiKey = () => sessionStorage.getItem(KEY) ?? "";
export function setApiKey(key) {
	if (key) sessionStorage.setItem(KEY, key);
	else sessionStorage.removeItem(KEY);
}

/** The absolute URL of a path of the API. */
export const urlOf = (path) => new URL(path.replace(/^\//, ""), document.baseURI.split("#")[0]).href;

/** A response, whatever its body. Raises Problem; an aborted request raises AbortError. */
export async function fetched(path, { method = "GET", body, signal, headers = {} } = {}) {
	const all = { ...headers };
	if (apiKey()) all.Authorization = `Bearer ${apiKey()}`;
	if (body !== undefined) all["Content-Type"] = "application/json";
	const answer = await fetch(urlOf(path), { method, signal, headers: all, body: body === undefined ? undefined : JSON.stringify(body) })
		.catch((error) => { throw error.name === "AbortError" ? error : new Problem(0, { detail: "The service does not answer." }); });
	if (answer.ok) return answer;
	const problem = await answer.json().catch(() => ({ title: answer.statusText }));
	const error = new Problem(answer.status, problem);
	if (answer.status === 401) dispatchEvent(new CustomEvent("keyneeded", { detail: error.message }));
	throw error;
}

export const get = async (path, signal) => (await fetched(path, { signal })).json();
export const post = async (path, body, signal, headers) => (await fetched(path, { method: "POST", body, signal, headers })).json();
export const replace = async (path, body) => (await fetched(path, { method: "PUT", body })).json();

let described;

/** The service's OpenAPI description, asked for once. */
export function openapi() {
	described ??= get("openapi.json").catch((error) => { described = undefined; throw error; });
	return described;
}

/** A URL for an <img> or a download: as it is, or as a blob where a key has to be sent. */
export async function fileUrl(path, signal) {
	if (!apiKey()) return urlOf(path);
	return URL.createObjectURL(await (await fetched(path, { signal })).blob());
}

export const pause = (ms, signal) => new Promise((resolve, reject) => {
	setTimeout(() => (signal.aborted ? reject(signal.reason) : resolve()), ms);
});
