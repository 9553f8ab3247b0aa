/**
 * What is loaded already when something is loaded later. A part that comes later imports this beside what it needs: then
 * the first load is one piece, which compresses far better than the many into which sharing would cut it. It also brings the icons and the words of
 * what is loaded later.
 */

import "./base/icons-later.ts";
import "./base/later.ts";
import "./index.ts";
