// Another version of the page is being served: said once, and never loaded without being asked for.

import { button, h } from "./dom.js";

/** @param {() => boolean} isTyped whether something that is typed would be lost */
export function watchVersion(isTyped) {
	const tell = () => {
		const loss = isTyped() && h("span.soft", " What you have typed here is lost then.");
		const bar = h(
			"div.outdated.row",
			{ role: "status" },
			h("p", "Another version of this page is being served.", loss),
			button("Load it", () => location.reload(), { class: "main" }),
			button("Later", () => bar.remove()),
		);
		document.querySelector("header")?.after(bar);
	};
	addEventListener("pageoutdated", tell, { once: true });
}
