// The scripts of the page. Each wires what it needs once; what main parts bring is found by delegation.

import "./navigation.js";
import "./search.js";
import "./track_names.js";
import "./track_lists.js";
import "./player.js";
import "./queue.js";
import "./tray.js";
import "./playlists.js";
import "./keyboard.js";
import "./track_map.js";
import "./training.js";
