"""Every number by which evidence is judged, with its reason. What the simulator finds with them is in docs/campus.md.

Times are in seconds, lengths in metres, speeds in kilometres an hour.
"""

# --- The code ---
# The wall shows a code for one step (QR_STEP_SECONDS, 30). An honest phone adds the drawing of the wall, the reading
# and the network: 0.3 to 4 s, and 10 s and more on slow phones (RFC 9000 names round trips of seconds on bad links).
# A code that arrives later than a step and 15 s was therefore most likely read from a forwarded picture.
OLDEST_ORDINARY_TOKEN = 45.0

# --- The position ---
# W3C Geolocation: `accuracy` is the radius of 95 % confidence, Android documents 68 %. Both are added to the event's
# radius, so that drift never counts against a student. The claim is bounded: a phone that claims 10 km proves nothing.
MOST_ACCURACY_ADDED = 100.0
# Wi-Fi positions are accurate to 20 to 100 m, those by masts or by the address to 500 m and more. Such a position
# cannot tell the hall from the town.
COARSEST_ACCURACY = 500.0
# No phone states one metre or better: it is what tools that set a position state (0 or 1).
FINEST_ACCURACY = 1.0
# A drift of 5 m to each side comes within 20 cm of the published centre once in 1,250 times; a copied centre always.
CENTRE_DISTANCE = 0.2
# A satellite fix differs in its last digits from every other. A Wi-Fi position (20 m and more) may repeat: two phones
# that hear one access point get its place. Equal coordinates therefore count only with a better accuracy than this.
SATELLITE_ACCURACY = 20.0
# Two people of one borrowed phone may send its last fix twice, and their client may keep no key of the device.
MOST_PEOPLE_OF_A_POSITION = 2

# --- Travel ---
# The fastest ordinary trip between two campuses is by motorway or train; flights start well above.
FASTEST_TRAVEL_KMH = 250.0
# Nearer places are parts of one campus, where clocks of the events matter more than travel.
NEAREST_TRAVEL = 2_000.0

# --- The device ---
# One borrowed phone, so two people, is ordinary. A third person on one phone is not.
MOST_PEOPLE_OF_A_DEVICE = 2
# Between two people on one phone lie a log-out, a log-in, a reading and photos: half a minute at the least.
SHORTEST_TURN = 20.0

# --- Photos ---
# Bits of 256 that may differ between a picture and itself re-encoded, resized or slightly brightened. Measured on 12
# photos of scikit-image's collection: at most 8 (up to 38 on a colour chart). The two photos of its stereo pair differ
# in 76. Of 1,200 simulated pairs of neighbours one was within 16 (median 122).
SAME_PICTURE_BITS = 16
# The wall changes its code each step, so a photo of it shows a young one. A step, and a minute and a half for uploads.
OLDEST_SHOWN_CODE = 120.0
# Of a screenshot with a code, two exact greys make up three quarters and more (measured: 80 %); of 12 photos of
# scikit-image's collection at most 42 %, and of a night sky 68 % without a second grey.
SCREENSHOT_SHARE, SCREENSHOT_SECOND_SHARE, SCREENSHOT_CONTRAST = 0.7, 0.05, 100
