// Enhancements for all pages. Each module finds its elements by data attributes, including those
// that htmx adds later.
import { startCells } from "./cells.js";
import { startCharts } from "./charts.js";
import { startComboboxes } from "./comboboxes.js";
import { startDialogs } from "./dialogs.js";
import { startFields } from "./fields.js";
import { startFiles } from "./files.js";
import { fillGuesses } from "./guesses.js";
import { startGroups } from "./groups.js";
import { startHtmx } from "./requests.js";
import { startKeyboard } from "./keyboard.js";
import { showCurrentTabs, startMenus } from "./menus.js";
import { startPalette } from "./palette.js";
import { startParts } from "./parts.js";
import { startPreferences } from "./preferences.js";
import { startRows } from "./rows.js";
import { startSuggestions } from "./suggestions.js";
import { startTables } from "./tables.js";
import { startToasts } from "./toasts.js";

startPreferences();
fillGuesses();
startMenus();
showCurrentTabs();
startDialogs();
startToasts();
startKeyboard();
startPalette();
startFiles();
startTables();
startRows();
// Before the fields and cells: these focus the box that stands for a select.
startComboboxes();
startFields();
startSuggestions();
startCells();
startGroups();
startParts();
startHtmx();
startCharts();
