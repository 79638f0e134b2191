"""Questions that rest on incidents, pilotage, dredging, and the foreshore."""

from __future__ import annotations

from harbour.asked import Asked

SEA = (
    Asked(
        "incidents", "January", 9.5, "9 January, the Halcyon Maid.",
        "At 03:20 the coaster Halcyon Maid parted both head lines at Corn Quay berth 6 and fell across "
        "the ferry "
        "slip. The watch found that a rat had gnawed through the heart of the newer hawser. Her master, "
        "Ottokar "
        "Brisling, slept through the whole affair and was woken by the ferry's horn. No claim was made, "
        "and two "
        "cats were put aboard at the authority's expense.",
        "What turned out to have weakened the rope when the Halcyon Maid broke loose from Corn Quay?",
        "a rat", "Halcyon Maid", "fact", ("rat", "a rat had gnawed through the hawser"),
    ),
    Asked(
        "incidents", "February", 17.5, "17 February, the Grey Heron.",
        "Oil was seen spreading from the trawler Grey Heron at Lantern Quay berth 2, and the port chemist"
        " matched "
        "it to her bilge. Her master, Lorcan Abbotsbury, admitted that he had pumped out before dawn to "
        "save the "
        "charge for the slop barge. For the discharge he was fined 4,275 crowns, the heaviest penalty "
        "laid on a "
        "fishing master this winter. The boom was taken up on the following afternoon.",
        "How much did the master of the Grey Heron have to pay for pumping oil into the water at Lantern "
        "Quay?",
        "4,275 crowns", "Grey Heron", "sum", ("4,275", "4275 crowns"),
    ),
    Asked(
        "incidents", "April", 12.4, "12 April, concerning the Duchess of Orme.",
        "The bulk carrier Duchess of Orme lost steerage in the Skerrow passage with 3,100 tonnes of slate"
        " aboard. "
        "A boy of fifteen, Pascoe Tregillis, who was out hauling creels, took her heaving line and made "
        "it fast to "
        "the beacon. The harbour master has called it the best piece of seamanship of the spring. Her "
        "owners sent "
        "him a sextant.",
        "Who got a line from the drifting Duchess of Orme and secured it to the beacon?",
        "Pascoe Tregillis", "Duchess of Orme", "person",
    ),
    Asked(
        "incidents", "May", 23.6, "23 May, matter of the Blue Partridge.",
        "Fire broke out in the galley of the ferry Blue Partridge as she lay at Mercy Dock berth 1 with "
        "her "
        "passengers already seated. The mate had all 118 of them on the quay in under four minutes, and a "
        "constable counted heads at the gate. A pan of dripping was the cause. The galley was gutted and "
        "the "
        "wheelhouse blistered.",
        "How many passengers were got ashore when the Blue Partridge caught fire?",
        "118", "Blue Partridge", "fact",
    ),
    Asked(
        "incidents", "July", 30.2, "30 July, the Nine Sisters.",
        "The schooner Nine Sisters took the ground on Hollow Sand in clear weather, her crew having all "
        "gone "
        "below to watch a wrestling match on the cook's television. She was refloated at 22:35 by the tugs "
        "Lodestone and Marrow. The surveyor, going over her on the slip, found nothing but scraped weed. "
        "Each of "
        "the crew wrote a letter of apology.",
        "At what time did the tugs get the Nine Sisters off the sand?",
        "22:35", "Nine Sisters", "date",
    ),
    Asked(
        "incidents", "September", 4.7, "4 September, the Tobias Wynn.",
        "A container slipped from the spreader over the workboat Tobias Wynn at East Jetty berth 3 and "
        "burst "
        "upon the apron. It was declared as machine parts and was found to hold 640 accordions. The "
        "customs seal "
        "was whole, and the shipper, Vantongeren Freight, could offer no explanation. The goods remain in"
        " the "
        "bonded shed.",
        "What was really inside the box that was dropped above the Tobias Wynn?",
        "640 accordions", "Tobias Wynn", "fact", ("accordions",),
    ),
    Asked(
        "incidents", "December", 19.3, "19 December, concerning the Lady Amaranth.",
        "In the gale of that night the barge Lady Amaranth broke from her buoy and stove in the lantern "
        "room of "
        "the North Mole light. The keeper, Eudora Quillfeather, kept a hand lamp burning in the gap until "
        "daylight. Making good the lantern room has been costed at 27,850 crowns, of which the owners have "
        "offered a third. The barge herself was found on the sands, little hurt.",
        "What is the estimated cost of repairing the lighthouse room that the Lady Amaranth smashed?",
        "27,850 crowns", "Lady Amaranth", "sum", ("27,850",),
    ),
    Asked(
        "pilotage", "First quarter", 0.67, "Queen Ysolde, 2 March.",
        "The tanker Queen Ysolde, the longest vessel ever to enter the lock, was brought in by pilot "
        "Lotte Brandt "
        "with two tugs ahead and one astern. There was a clearance of 40 centimetres on either side. The "
        "passage "
        "from Cold Point to the inner gate took three hours and ten minutes, and a crowd watched from the"
        " hill.",
        "Which pilot handled the Queen Ysolde on her way through the lock?",
        "Lotte Brandt", "Queen Ysolde", "person", ("pilot Lotte Brandt",),
    ),
    Asked(
        "pilotage", "Second quarter", 0.55, "Marquis of Trevose, 21 May.",
        "The Marquis of Trevose, inward with barley, could not be boarded off Cold Point for the sea that"
        " was "
        "running. Pilot Dunstan Reeve led her in from the launch, showing a lamp for port and a flag for "
        "starboard. The fee of 385 crowns was waived because the pilot had never set foot aboard. Her "
        "master "
        "sent a ham instead.",
        "Why was no pilotage fee charged to the Marquis of Trevose?",
        "the pilot had never set foot aboard", "Marquis of Trevose", "fact",
        ("the pilot never boarded the vessel", "the pilot never went aboard"),
    ),
    Asked(
        "pilotage", "Fourth quarter", 0.46, "Hyacinth Bay, 11 November.",
        "Pilot Fergus Vane took the dead ship Hyacinth Bay from Timber Pond to the breaker's beach in a "
        "single "
        "tide. Without engines or steering she was steered by drags over the quarters. He has asked that "
        "no such "
        "tow be tried again with a draught of more than 5.4 metres. The tug charge of 760 crowns was paid"
        " by the "
        "breakers.",
        "After moving the Hyacinth Bay, what draught did the pilot want set as the limit for tows like it?",
        "5.4 metres", "Hyacinth Bay", "fact", ("5.4 m", "5.4"),
    ),
    Asked(
        "dredging", "Spring cut", 0.45, "Below Mercy Dock, by Oostrander Dredging.",
        "Oostrander Dredging worked the sill below Mercy Dock from 3 April with the cutter Ploughman. On "
        "the "
        "ninth day the bucket brought up a bronze bell dated 1614, which is now in the town museum. Work "
        "was "
        "held for two tides while divers looked for the rest of the wreck. The account came to 61,300 "
        "crowns.",
        "What year was marked on the bell that the cutter Ploughman raised?",
        "1614", "Ploughman", "date",
    ),
    Asked(
        "dredging", "Autumn cut", 0.5, "Near Skerrow beacon, by Zeedijk Brothers.",
        "Zeedijk Brothers were to lower the bar off Skerrow beacon by a metre before the herring season. "
        "Their "
        "spoil proved to be clean shell, and the farmers of Upper Wend took all of it for their lime "
        "kilns. The "
        "sale brought in 8,460 crowns and was set against the cost. A second survey found the bar even "
        "and the "
        "slopes firm.",
        "How much was earned by selling the shell that Zeedijk Brothers dug up?",
        "8,460 crowns", "Zeedijk Brothers", "sum", ("8,460",),
    ),
    Asked(
        "wildlife", "Spring", 0.39, "6 May, Sheep Holm.",
        "A hoopoe spent eleven days on Sheep Holm, the first in the harbour since the notes began. It was"
        " found "
        "by the lamp trimmer, Gaspard Ellerkin, who took it at first for a lost parrot. Visitors were "
        "kept to the "
        "north path and landed by the warden's boat. It left on a south wind before sunrise.",
        "Who was the first to notice the hoopoe?",
        "Gaspard Ellerkin", "hoopoe", "person",
    ),
    Asked(
        "wildlife", "Autumn", 0.15, "14 October, Cold Point.",
        "A young walrus hauled out on the boat slip at Cold Point and would not be moved for six days. The "
        "lifeboat was launched from Fishermans Gap in the meantime. Children of the town named the animal "
        "Bartholomew, and the warden fed it on whelks. It was last seen swimming north past the beacon.",
        "What did the local children call the walrus on the slip?",
        "Bartholomew", "walrus", "fact",
    ),
)  # fmt: skip
