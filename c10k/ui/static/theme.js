// The scheme that was chosen on Locust's page, which keeps it there; else that of the system.
"use strict";
document.documentElement.dataset.theme = localStorage.theme ?? "system";
