// What Node sends: the first argument is the service's address, the others are bodies.
import http from "node:http";

const [url, point, train] = process.argv.slice(2);
const headers = { "Content-Type": "application/json" };

for (const [path, body] of [
	["/predict", point],
	["/predict", point],
	["/train", train],
]) {
	const answer = await fetch(url + path, { method: "POST", headers, body });
	console.log("fetch", answer.status, JSON.stringify(await answer.json()));
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const ports = new Set();
for (const chunked of [false, true, false]) {
	await new Promise((resolve, reject) => {
		const length = chunked ? {} : { "Content-Length": Buffer.byteLength(point) };
		const request = http.request(
			`${url}/predict`,
			{ method: "POST", agent, headers: { ...headers, ...length } },
			(answer) => {
				ports.add(answer.socket.localPort);
				answer.resume().on("end", () => resolve(console.log("http", answer.statusCode)));
			},
		);
		request.on("error", reject);
		request.write(point.slice(0, 5));
		setTimeout(() => request.end(point.slice(5)), 30);
	});
}
console.log("connections", ports.size);
agent.destroy();

await new Promise((resolve) => {
	const offer = { ...headers, Connection: "Upgrade", Upgrade: "websocket", "Content-Length": Buffer.byteLength(point) };
	const request = http.request(`${url}/predict`, { method: "POST", headers: offer }, (answer) => {
		answer.resume().on("end", () => resolve(console.log("offer", answer.statusCode)));
	});
	request.flushHeaders();
	setTimeout(() => request.end(point), 30);
});
