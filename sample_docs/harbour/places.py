"""Where things happen in Ostrevane, and the names that are painted on hulls."""

from __future__ import annotations

QUAYS = (
    "Lantern Quay",
    "Coopers Wharf",
    "Saltgate",
    "North Mole",
    "Old Basin",
    "Tanners Steps",
    "Corn Quay",
    "Mercy Dock",
    "Fiddlers Hard",
    "Coal Staith",
    "Ropewalk Quay",
    "Chandlers Reach",
    "Timber Pond",
    "East Jetty",
)
WATERS = (
    "the Long Fairway",
    "Gannet Sound",
    "the Wend mouth",
    "the Outer Road",
    "the swinging ground",
    "the Widow Bank cut",
    "the lee of Sheep Holm",
    "the Skerrow passage",
    "the lock entrance",
    "the Hollow Sand channel",
)
VESSEL_A = (
    "Amber", "Ardent", "Autumn", "Bold", "Brave", "Bright", "Bronze", "Careful", "Cheerful", "Clear",
    "Constant", "Copper", "Crimson", "Distant", "Early", "Eastern", "Faithful", "Fearless", "Fleet",
    "Gallant", "Gentle", "Gilded", "Golden", "Grateful", "Hardy", "Hasty", "Hidden", "Honest", "Humble",
    "Iron", "Ivory", "Jolly", "Kindly", "Lasting", "Lively", "Lonely", "Loyal", "Lucky", "Merry",
    "Mild", "Misty", "Modest", "Noble", "Northern", "Patient", "Pearl", "Placid", "Proud", "Quiet",
    "Rapid", "Restless", "Royal", "Russet", "Saffron", "Scarlet", "Serene", "Silent", "Singing",
    "Sober", "Southern", "Steadfast", "Sturdy", "Swift", "Tidal", "Trusty", "Upland", "Valiant",
    "Velvet", "Verdant", "Wandering", "Western", "Willing", "Winter", "Wistful", "Yonder",
)  # fmt: skip
VESSEL_B = (
    "Albatross", "Anvil", "Arrow", "Beacon", "Bell", "Bittern", "Bramble", "Brook", "Comet", "Compass",
    "Cormorant", "Curlew", "Dolphin", "Dove", "Dunlin", "Eider", "Elm", "Falcon", "Fern", "Firth",
    "Fulmar", "Garnet", "Gull", "Harrier", "Hazel", "Horizon", "Juniper", "Kestrel", "Kittiwake",
    "Lapwing", "Lark", "Linnet", "Magpie", "Mallard", "Marigold", "Meadow", "Merlin", "Moon", "Narwhal",
    "Oak", "Osprey", "Otter", "Pebble", "Petrel", "Pilgrim", "Plover", "Porpoise", "Puffin", "Quest",
    "Ranger", "Raven", "Ridge", "Rover", "Rowan", "Sandpiper", "Seal", "Shearwater", "Sparrow", "Star",
    "Starling", "Stream", "Swallow", "Swan", "Tern", "Thistle", "Thrush", "Tide", "Valley", "Venture",
    "Wagtail", "Walrus", "Wave", "Whimbrel", "Willow", "Wren",
)  # fmt: skip
STATIONS = ("Cold Point", "Lantern Quay", "Old Basin sill", "North Mole head", "Sheep Holm", "Skerrow beacon")
