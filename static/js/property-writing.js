/** Writing on the listing's page: a panel and a check for each language. */
import { Handwritten } from "./writing/handwritten.js";
import { Panel } from "./writing/panel.js";

for (const root of document.querySelectorAll("[data-handwritten]")) new Handwritten(root);
for (const root of document.querySelectorAll("[data-generate]")) new Panel(root);
