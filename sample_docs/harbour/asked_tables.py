"""Tables whose rows are written out, the questions that rest on them, and those with no answer."""

from __future__ import annotations

from harbour.asked import Asked

DREDGING_ROWS = (
    ("Long Fairway, outer", "84,310", "9.2", "41", "212,600"),
    ("Long Fairway, inner", "61,075", "8.6", "33", "168,150"),
    ("Widow Bank cut", "47,920", "7.4", "29", "131,480"),
    ("Lock entrance", "9,640", "6.8", "12", "54,720"),
    ("Old Basin", "18,255", "5.1", "26", "77,390"),
    ("Swinging ground", "33,705", "8.1", "19", "90,040"),
    ("Mercy Dock approach", "12,480", "6.2", "15", "48,905"),
    ("Timber Pond", "7,130", "3.9", "11", "22,660"),
    ("Skerrow bar", "15,890", "7.7", "14", "51,215"),
    ("Coal Staith pocket", "5,365", "6.5", "8", "19,870"),
)
STAFF_ROWS = (
    ("Marine Department", "142", "17", "14", "145"),
    ("Works Department", "118", "9", "16", "111"),
    ("Dues Office", "37", "4", "3", "38"),
    ("Signal Station", "24", "2", "2", "24"),
    ("Stores", "19", "1", "3", "17"),
    ("Survey Office", "16", "5", "1", "20"),
    ("Harbour Constabulary", "31", "6", "5", "32"),
    ("Canteen and Lodgings", "28", "8", "11", "25"),
)
FLEET_ROWS = (
    ("Bracken", "launch", "2009", "186", "3"),
    ("Peewit", "launch", "2014", "205", "3"),
    ("Stalwart", "tug", "1996", "2,240", "6"),
    ("Lodestone", "tug", "2004", "2,610", "6"),
    ("Marchwarden", "tug", "2017", "3,085", "5"),
    ("Marrow", "tug", "1988", "1,420", "7"),
    ("Harbinger", "pilot cutter", "2011", "640", "4"),
    ("Tamarisk", "survey launch", "2019", "310", "5"),
    ("Gudgeon", "work punt", "1979", "44", "2"),
    ("Old Faithful", "fire float", "2001", "880", "8"),
    ("Sandeel", "hopper barge", "1993", "515", "4"),
    ("Barnacle", "buoy tender", "2006", "735", "7"),
)
FEE_ROWS = (
    ("Fishing vessel, under 12 m", "18", "46", "310"),
    ("Fishing vessel, 12 m and over", "29", "74", "585"),
    ("Coaster, under 1,000 t", "96", "240", "2,150"),
    ("Coaster, 1,000 t and over", "164", "415", "3,720"),
    ("Tanker", "285", "690", "6,480"),
    ("Passenger ferry", "132", "328", "2,905"),
    ("Yacht, visiting", "14", "33", "265"),
    ("Barge or lighter", "27", "61", "498"),
    ("Floating crane", "118", "307", "2,640"),
    ("Naval or training ship", "0", "0", "0"),
    ("Hulk or laid-up vessel", "41", "112", "1,075"),
)
INCOME_ROWS = (
    ("Dues on vessels", "1,840,000", "1,902,350"),
    ("Dues on goods", "1,215,000", "1,188,640"),
    ("Pilotage", "486,000", "501,275"),
    ("Rents and leases", "372,000", "379,910"),
    ("Towage", "298,000", "283,465"),
    ("Licences and permits", "64,000", "67,830"),
    ("Fines and costs", "41,000", "58,205"),
    ("Sale of old stores", "12,000", "9,745"),
)
SPENDING_ROWS = (
    ("Wages and salaries", "1,960,000", "1,948,115"),
    ("Dredging", "850,000", "877,030"),
    ("Repair of quays", "520,000", "563,490"),
    ("Craft and machinery", "310,000", "294,880"),
    ("Lights and buoys", "145,000", "152,660"),
    ("Harbour Court", "88,000", "86,325"),
    ("Pensions", "264,000", "264,000"),
    ("Foreshore and wildlife", "36,000", "38,470"),
    ("Printing and post", "21,000", "23,915"),
)

TABLED = (
    Asked(
        "dredging", "Volumes and costs", 0, "", " ".join(DREDGING_ROWS[6]),
        "What volume, in cubic metres, is tabled as dredged from the Mercy Dock approach?",
        "12,480", "Mercy Dock approach", "table", ("12,480 cubic metres", "12480"),
    ),
    Asked(
        "staff", "Numbers employed", 0, "", " ".join(STAFF_ROWS[7]),
        "How many people left the Canteen and Lodgings department during the year?",
        "11", "Canteen and Lodgings", "table", ("eleven",),
    ),
    Asked(
        "accounts", "Dues", 0, "", " ".join(FEE_ROWS[8]),
        "What does a floating crane pay in harbour dues for a whole year?",
        "2,640", "Floating crane", "table", ("2,640 crowns", "2640"),
    ),
    Asked(
        "accounts", "Craft", 0, "", " ".join(FLEET_ROWS[4]),
        "What engine power in kilowatts does the tug Marchwarden have?",
        "3,085", "Marchwarden", "table", ("3,085 kW", "3085"),
    ),
    Asked(
        "accounts", "Spending", 0, "", " ".join(SPENDING_ROWS[8]),
        "What was actually spent on printing and post, as against the estimate?",
        "23,915", "Printing and post", "table", ("23,915 crowns", "23915"),
    ),
)  # fmt: skip

UNANSWERABLE = (
    "What cargo was the submarine Emerald Basilisk carrying when she called at Ostrevane?",
    "What is the name of the ship's dog aboard the Grey Heron?",
    "How much did the authority pay for the helicopter it bought from Pontifex Lines?",
    "On what date was Judge Rowena Astley born?",
)
