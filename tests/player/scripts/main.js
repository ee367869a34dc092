// What viewers do, each script a viewer of its own. Which script is played stands in the page's address.

import * as branches from "/scripts/branches.js";
import * as chance from "/scripts/chance.js";
import * as delivery from "/scripts/delivery.js";
import * as pages from "/scripts/pages.js";
import { given, Viewer } from "/scripts/viewer.js";
import * as watching from "/scripts/watching.js";

const scripts = { ...branches, ...chance, ...delivery, ...pages, ...watching };
const thrown = [];
const logged = [];
for (const name of ["debug", "log", "info", "warn", "error"]) console[name] = () => logged.push(name);
addEventListener("error", ({ message }) => thrown.push(message));
addEventListener("unhandledrejection", ({ reason }) => thrown.push(`${reason}`));
let outcome;
try {
  const viewer = new Viewer();
  outcome = { ...((await scripts[given.script](viewer)) ? viewer.truth : await viewer.finish()), thrown, logged };
} catch (fault) {
  outcome = { fault: `${fault.stack ?? fault}` };
}
await fetch("/outcome", { method: "PUT", body: JSON.stringify(outcome) });
location.replace("about:blank"); // plays and reports nothing more, for the sake of the other pages
