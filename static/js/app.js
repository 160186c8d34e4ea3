/** Starts what a page asks for by its data attributes. Pages bring modules of their own in the scripts block. */
import { initConfirm } from "./confirm.js";
import { initCopy } from "./copy.js";
import { initCounters } from "./counter.js";
import { initDirty } from "./dirty.js";
import { initDoubleSubmit } from "./double-submit.js";
import { initFrame } from "./frame.js";
import { initRelativeTimes } from "./reltime.js";
import { initTabs } from "./tabs.js";
import { initThemeChoice } from "./theme-choice.js";

initConfirm();
initDoubleSubmit();
initDirty();
initTabs();
initFrame();
initThemeChoice();
initCounters();
initCopy();
initRelativeTimes();
