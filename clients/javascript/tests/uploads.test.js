// Files of rows and deletes, against servers of the tests' own.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Densely, InvalidInput } from "../densely.js";
import { json, problem, RUN, served } from "./served.js";

/** A request's form, as a service reads it. @param {{ headers: import("node:http").IncomingHttpHeaders, body: string }} asked */
const formOf = ({ headers, body }) =>
	new Response(body, { headers: { "Content-Type": String(headers["content-type"]) } }).formData();

test("a task is made of a file: its fields and the file go as a form, and its first run can be followed", async (context) => {
	const { url, asked } = await served(context, json({ task: { name: "t" }, dataset: { name: "t" }, run: RUN }, 201));
	const densely = new Densely({ url, key: "secret" });
	const task = /** @type {const} */ ({ name: "t", answer: { kind: "one_of", column: "team" } });
	const file = new File(["message,team\n"], "tickets.csv");
	const made = await densely.createTask(task, file, { mapping: { text: "message" } });
	await densely.createTask(task, new Blob(["x"]), { filename: "x.csv", train: false });
	assert.equal(made.run?.id, "r-1");
	assert.equal(made.run?.isOver, false);
	const [first, second] = await Promise.all(asked.map(formOf));
	assert.deepEqual([...first.keys()], ["task", "mapping", "file"]);
	assert.deepEqual(JSON.parse(String(first.get("task"))), task);
	assert.equal(first.get("mapping"), '{"text":"message"}');
	const sent = /** @type {File} */ (first.get("file"));
	assert.deepEqual([sent.name, await sent.text()], ["tickets.csv", "message,team\n"]);
	assert.equal(second.get("train"), "false");
	assert.equal(/** @type {File} */ (second.get("file")).name, "x.csv");
	assert.equal(asked[0].headers.authorization, "Bearer secret");
});

test("a task without a file is JSON", async (context) => {
	const { url, asked } = await served(context, json({ name: "t" }, 201));
	const made = await new Densely({ url }).createTask({ name: "t", kind: { kind: "image", size: 32 } });
	assert.deepEqual(made, { task: { name: "t" }, dataset: null, run: null });
	assert.deepEqual(JSON.parse(asked[0].body), { name: "t", kind: { kind: "image", size: 32 } });
});

test("who uploads is told how far it is, up to the whole file", async (context) => {
	const { url, asked } = await served(context, json({ name: "d", version: 2 }, 201));
	const file = new File([new Uint8Array(300_000).fill(65)], "rows.csv");
	/** @type {number[][]} */
	const told = [];
	const onProgress = (/** @type {number} */ sent, /** @type {number} */ of) => told.push([sent, of]);
	const found = await new Densely({ url }).uploadDataset("d", file, { task: "t", mapping: { text: "m" }, onProgress });
	assert.equal(found.version, 2);
	assert.ok(told.length > 1);
	assert.deepEqual(told.at(-1), [300_000, 300_000]);
	assert.deepEqual(told, [...told].sort(([one], [other]) => one - other));
	const form = await formOf(asked[0]);
	assert.deepEqual([form.get("name"), form.get("task"), form.get("mapping")], ["d", "t", '{"text":"m"}']);
	assert.equal(/** @type {File} */ (form.get("file")).size, 300_000);
});

test("a file at fault: the error has its columns and lines", async (context) => {
	const errors = [{ field: "team", message: "is empty", line: 7 }];
	const { url } = await served(context, problem("invalid-input", 422, { errors }));
	const adding = new Densely({ url }).appendRows("d", new Blob(["x"]), { onProgress: () => {} });
	await assert.rejects(adding, (error) => {
		assert.ok(error instanceof InvalidInput);
		assert.deepEqual(error.errors, errors);
		return true;
	});
});

test("what is not to be kept is only looked at; what is deleted answers nothing", async (context) => {
	const gone = (/** @type {unknown} */ _, /** @type {import("node:http").ServerResponse} */ response) => response.writeHead(204).end();
	const { url, asked } = await served(context, json({ findings: {} }), json({ findings: {} }), gone);
	const densely = new Densely({ url });
	await densely.lookAtTask({ name: "t" }, new Blob(["x"]));
	await densely.lookAtDataset("d", new Blob(["x"]), { task: "t" });
	for (const one of asked) assert.equal((await formOf(one)).get("dry_run"), "true");
	assert.equal(await densely.deleteTask("t", { models: true, datasets: false }), undefined);
	await densely.deleteDataset("d", { version: 1 });
	await densely.deleteModel("m-1");
	await densely.deleteRun("r-1");
	assert.deepEqual(
		asked.slice(2).map(({ method, url: path }) => [method, path]),
		[
			["DELETE", "/tasks/t?models=true&datasets=false"],
			["DELETE", "/datasets/d?version=1"],
			["DELETE", "/models/m-1"],
			["DELETE", "/runs/r-1"],
		],
	);
});

test("an upload can be stopped", async (context) => {
	const { url } = await served(context, () => {});
	const signal = AbortSignal.timeout(50);
	const file = new Blob([new Uint8Array(1000)]);
	for (const onProgress of [undefined, () => {}]) {
		const going = new Densely({ url }).appendRows("d", file, { signal, ...(onProgress && { onProgress }) });
		await assert.rejects(going, { name: "TimeoutError" });
	}
});
