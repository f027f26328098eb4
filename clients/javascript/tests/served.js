// Servers that answer as a script says.

import { once } from "node:events";
import http from "node:http";

/** A run that is under way. */
export const RUN = { id: "r-1", task: "t", status: "running", model_id: null, error: null };

/**
 * A server that answers each request with the next of these; it is closed at the test's end.
 *
 * @param {import("node:test").TestContext} context
 * @param {...((request: any, response: http.ServerResponse) => unknown)} answers the last one is given again and again
 */
export async function served(context, ...answers) {
	/** @type {any[]} */
	const asked = [];
	const server = http.createServer(async (request, response) => {
		const { method, url, headers } = request;
		const parts = await request.toArray();
		const one = { method, url, headers, body: Buffer.concat(parts).toString(), request };
		asked.push(one);
		await answers[Math.min(asked.length, answers.length) - 1](one, response);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	context.after(() => {
		server.closeAllConnections();
		server.close();
	});
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	return { url: `http://127.0.0.1:${port}`, asked };
}

/** An answer of JSON. */
export const json =
	(/** @type {unknown} */ body, status = 200, type = "application/json") =>
	(/** @type {unknown} */ _, /** @type {http.ServerResponse} */ response) =>
		response.writeHead(status, { "Content-Type": type, "X-Request-ID": "abc" }).end(JSON.stringify(body));

/** A problem document. */
export const problem = (/** @type {string} */ kind, /** @type {number} */ status, more = {}) =>
	json({ type: `urn:densely:problem:${kind}`, title: "T", status, detail: "why", ...more }, status);
