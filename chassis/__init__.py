"""How a process of ours runs: settings, logging, database, outbox, inbox, bus, object store, health.

No business word in here. nameko and eventlet live only in this package (and behind it in `services`),
so that they could be replaced in one place; `asyncbus`, `settings`, `logging`, `sealing` and `clock`
import neither, since the gateway uses them.
"""

import warnings

# Known (docs/decisions/0001), and nothing that whoever runs a process or a command could change.
warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
