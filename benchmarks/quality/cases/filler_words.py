"""The filler's words: templates about an invented county. `[a|b]` is a choice, `{name}` a slot to be filled."""

from __future__ import annotations

FIRST = (
    "Aaron", "Abigail", "Agnes", "Albert", "Alma", "Andrew", "Anna", "Arthur", "Barbara", "Benjamin", "Bernard",
    "Carla", "Charles", "Clara", "Colin", "Daniel", "Deborah", "Dennis", "Dora", "Edith", "Edward", "Elena",
    "Emil", "Emma", "Eric", "Esther", "Eugene", "Eva", "Felix", "Frances", "Frank", "George", "Gerald", "Grace",
    "Hannah", "Harold", "Helen", "Henry", "Hugo", "Irene", "Isaac", "Jacob", "Jane", "Joan", "Joseph", "Julia",
    "Karl", "Kate", "Laura", "Leo", "Lewis", "Lillian", "Louis", "Lucy", "Margaret", "Martin", "Mary", "Maurice",
    "Miriam", "Nina", "Nora", "Norman", "Oliver", "Oscar", "Pamela", "Paul", "Peter", "Rachel", "Robert", "Rosa",
    "Ruth", "Samuel", "Sarah", "Simon", "Sophie", "Stephen", "Susan", "Thomas", "Vera", "Victor", "Walter",
)  # fmt: skip
LAST = (
    "Albright", "Appleby", "Archer", "Atwood", "Barlow", "Bennett", "Birch", "Bowman", "Bradley", "Briggs",
    "Burton", "Carver", "Chandler", "Clayton", "Coleman", "Cooper", "Cotter", "Cross", "Dalton", "Dawson",
    "Doyle", "Draper", "Eaton", "Ellis", "Farrow", "Fenton", "Fisher", "Fletcher", "Foster", "Garner", "Gibbs",
    "Glover", "Graves", "Hale", "Harding", "Hartley", "Hobbs", "Holden", "Hooper", "Hudson", "Ingram", "Jarvis",
    "Keane", "Kemp", "Lambert", "Lawson", "Lowe", "Marsh", "Mason", "Mercer", "Miller", "Morton", "Nash",
    "Newell", "Norris", "Ogden", "Parker", "Pearce", "Perry", "Potter", "Quinn", "Ramsey", "Reed", "Rhodes",
    "Rowe", "Sawyer", "Shaw", "Skinner", "Slater", "Spencer", "Stokes", "Talbot", "Tanner", "Thorne", "Turner",
    "Vaughn", "Wade", "Walton", "Webb", "Weston", "Wheeler", "Wilcox", "Woods", "Yates",
)  # fmt: skip
PLACES = (
    "Aldermoor", "Ashby Cross", "Barnfield", "Beckridge", "Bellham", "Birchley", "Brackton", "Bramford",
    "Burnley Heath", "Caldbrook", "Carswell", "Chapel Row", "Coldwater", "Copthorne", "Cranleigh End", "Dunmere",
    "Eastwick", "Elmstead", "Fairholm", "Fernhill", "Foxton", "Gatley", "Greenhow", "Hadleigh", "Harrowgate",
    "Hazelmere", "Highbridge", "Hollin Bank", "Kelby", "Kingsmoor", "Langford", "Larchfield", "Linwood",
    "Lower Stoke", "Marlow Green", "Millthorpe", "Netherby", "Norbridge", "Oakhurst", "Oldcastle", "Pennyford",
    "Ravenstone", "Redmarsh", "Rushden Vale", "Sandhollow", "Shelford", "Stanwick", "Stonebeck", "Thornbury",
    "Upper Stoke", "Walden", "Westerham Gap", "Whitcombe", "Willowdale", "Winterford", "Wyeford",
)  # fmt: skip
STREETS = (
    "Abbey Lane", "Baker Street", "Bridge Road", "Canal Walk", "Castle Hill", "Church Lane", "Commercial Road",
    "Cross Street", "Dyer Row", "Elm Avenue", "Garden Street", "Grange Road", "High Street", "Kiln Lane",
    "King Street", "Market Place", "Mill Lane", "North Parade", "Orchard Way", "Park Road", "Priory Street",
    "Quarry Hill", "Queen Square", "River Street", "School Lane", "Smithy Lane", "South Terrace",
    "Spring Gardens", "Station Road", "Tower Street", "Union Street", "Victoria Road", "Well Lane", "West Gate",
)  # fmt: skip
THINGS = (
    "benches", "bicycles", "blankets", "boxes of chalk", "bricks", "chairs", "clay pipes", "coats", "crates",
    "desks", "doors", "drain covers", "fence posts", "fire buckets", "gas lamps", "hinges", "hymn books",
    "kettles", "ladders", "mattresses", "milk churns", "notebooks", "paving slabs", "pumps", "roof slates",
    "saplings", "seats", "shovels", "signposts", "stoves", "tables", "tarpaulins", "trestles", "umbrellas",
    "wheelbarrows", "window panes",
)  # fmt: skip
CROPS = (
    "apples", "barley", "beans", "beetroot", "cabbages", "carrots", "cherries", "clover", "flax", "hay", "honey",
    "hops", "leeks", "lentils", "oats", "onions", "parsnips", "pears", "peas", "plums", "potatoes", "pumpkins",
    "rye", "spring wheat", "strawberries", "turnips", "winter wheat",
)  # fmt: skip
TRADES = (
    "baker", "bookbinder", "bricklayer", "butcher", "carpenter", "clerk", "clockmaker", "cooper", "dentist",
    "draper", "electrician", "farrier", "gardener", "glazier", "grocer", "joiner", "librarian", "locksmith",
    "miller", "nurse", "optician", "painter", "plumber", "postman", "potter", "printer", "roofer", "saddler",
    "schoolteacher", "shepherd", "surveyor", "tailor", "thatcher", "tinsmith", "weaver", "wheelwright",
)  # fmt: skip
WEATHER = (
    "after a night of rain", "before the frost", "during a dry spell", "in a cold wind", "in bright sunshine",
    "in heavy snow", "in mild weather", "in the first warm week", "in the heat", "in thick mist",
    "on a grey morning", "under low cloud", "while the roads were icy", "with the river in flood",
)  # fmt: skip
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip

# One topic a paragraph.
TOPICS: tuple[tuple[str, ...], ...] = (
    (  # the council
        "The council of {place} [met|sat] on {date} with {n} members present and {person} in the chair.",
        (
            "{person} moved that {sum} be set aside for {things} at {place}, and the motion was [carried|put "
            "off|lost by two votes]."
        ),
        (
            "A letter from {person} of {street}, {place}, about {n} missing {things} was [read aloud|passed to "
            "the clerk|left on the table]."
        ),
        "The clerk, {person}, reported that {n} households in {place} had not yet paid for their {things}.",
        "It was agreed that the notice on {street} would [stay up|come down|be painted again] until {date}.",
        "{person} asked why the account for {month} showed {sum} for {things} when only {n} had arrived.",
        (
            "The sum of {sum} was voted for the repair of {street} in {place}, {person} "
            "[dissenting|abstaining|seconding]."
        ),
        "Nobody objected when {person} proposed to hold the next sitting at {place} on {date}.",
        "The committee on {things} has {n} members this year and is led by {person}, a {trade} from {place}.",
        "A petition with {big} names, [carried|sent] from {place} by {person}, asked for {things} on {street}.",
        "{person} retired from the council in {year} and was given a clock by the people of {place}.",
        (
            "The meeting in {place} ended at {time}, {n} minutes late, because {person} could not find the minute"
            " book."
        ),
    ),
    (  # the railway
        "The {time} train from {place} to {place2} ran {n} minutes late on {date} {weather}.",
        (
            "At {place} station {person} counted {big} passengers in {month}, against {big2} in the same month of"
            " {year}."
        ),
        "A goods wagon with {n} {things} was left in the siding at {place} and found by {person} on {date}.",
        (
            "{person}, the stationmaster at {place}, has [ordered|asked for|returned] {n} {things} for the "
            "waiting room."
        ),
        "The line between {place} and {place2} was closed for {n} hours {weather}.",
        "Return tickets from {place} to {place2} now cost {sum}, and {person} sold {big} of them in {month}.",
        "The signal lamp near {street} in {place} [failed|flickered|was replaced] at {time} on {date}.",
        "{person} walked the track from {place} to {place2} {weather} and listed {n} loose bolts.",
        "A parcel for {person} of {street}, {place}, lay at the station for {n} days before anyone asked for it.",
        "The new footbridge at {place} took {n} weeks to build and was opened by {person} in {year}.",
        "{n} cyclists from {place} [boarded|missed] the {time} train on {date}, among them {person}.",
        "The middleware, {person}, handed in {n} umbrellas and a bag of {crop} found on the way to {place}.",
    ),
    (  # farms
        "{person} of {place} brought in {big} sacks of {crop} {weather}, the most since {year}.",
        "The price of {crop} at {place} market [rose|fell] by {n} pence between {date} and {date2}.",
        "On {date} a gate on the {place} road was left open and {n} sheep were driven home by {person}.",
        "{person} has planted {n} rows of {crop} behind the barn on {street}, {weather}.",
        "The mill at {place} ground {big} pounds of grain in {month}, as {person} wrote in its book.",
        "A dry spring in {year} cost the farms around {place} {sum} in {crop}, by the reckoning of {person}.",
        "{person} lent {person2} {n} {things} for the harvest of {crop} at {place}.",
        "Hail fell on {place} at {time} on {date} and flattened {n} acres of {crop}.",
        "The prize for {crop} at the {place} show went to {person}, a {trade} who had never entered before.",
        "{person} keeps {n} hives near {place} and sold honey worth {sum} in {month}.",
        "A well dug by {person} at {place} reached water at {n} feet {weather}.",
        "The cart of {person}, loaded with {crop}, lost a wheel on {street} at {time} on {date}.",
    ),
    (  # the school
        "The school at {place} opened its doors on {date} to {big} children, {n} of them new.",
        "{person} teaches {n} pupils in the upper room at {place} and has asked for {things}.",
        "A prize for arithmetic was won by {person} of {street}, {place}, with {n} marks more than {person2}.",
        "The roof of the {place} school leaked {weather}, and {n} {things} were moved into the hall.",
        (
            "In {year} the evening class of {person} at {place} had {n} pupils, mostly [apprentices|farm "
            "hands|weavers]."
        ),
        "{person} read to the children of {place} for {n} minutes on {date} while the stove was mended.",
        (
            "The inspector, {person}, found the {place} school [clean|crowded|cheerful] and its {things} in good "
            "order."
        ),
        "{n} parents from {street} in {place} offered to carry {crop} to the kitchen in {month}.",
        "The library of the school at {place} holds {big} books, of which {person} gave {n}.",
        "The bell at {place} rings at {time}, but {person} says that it has been {n} minutes fast since {month}.",
        "{person} took {n} pupils on foot from {place} to {place2} {weather}.",
        "The school garden at {place} yielded {n} baskets of {crop}, sold by {person} for {sum}.",
    ),
    (  # the infirmary
        "The infirmary at {place} had {big} patients in {month}, and {person} saw {n} of them on a single day.",
        "{person}, a nurse from {place}, cycled {n} miles {weather} to reach a patient on {street}.",
        "A gift of {sum} from {person} paid for {n} {things} in the west ward at {place}.",
        "On {date} the dispensary on {street} in {place} moved its hours to {time}, as {person} had asked.",
        "{person} reports {n} cases of measles in {place} and none in {place2} since {date}.",
        "The well on {street}, {place}, was [closed|tested|cleaned] on {date} by order of {person}.",
        "{person} has been surgeon at {place} since {year} and owns {n} pairs of spectacles.",
        "The kitchen of the infirmary at {place} used {big} pounds of {crop} in {month}.",
        "An old {trade} named {person} left the ward at {place} on {date} after {n} weeks.",
        "{n} volunteers from {place} learned first aid from {person} at {time} on Thursdays in {month}.",
        "The ambulance of {place} was driven by {person}, a former {trade}, over {big} miles in {year}.",
        "{person} counted the {things} in the store at {place} and found {n} too few.",
    ),
    (  # shops and trades
        "{person}, a {trade} on {street} in {place}, took on {n} apprentices in {month}.",
        "The shop of {person} on {street} sold {big} {things} between {date} and {date2}.",
        "A fire at the workshop of {person} in {place} on {date} destroyed {n} {things} and a ledger of {year}.",
        "{person} charges {sum} for {n} {things}, which the {trade} on {street} calls [fair|steep|a bargain].",
        "The {trade} {person} has moved from {place} to {street}, {place2}, for want of light.",
        "In {month} {person} repaired {n} {things} for the parish of {place} and sent a bill of {sum}.",
        "The window of {person}, {trade} of {place}, was broken at {time} on {date} by a ball.",
        "{person} and {person2} have dealt in {things} at {place} since {year}, with {n} workers at most.",
        "A stall on {street} offers {crop} {weather}, and {person} takes home {sum} on a good day.",
        "{n} customers waited outside the shop of {person} in {place} at {time} on {date}.",
        "The {trade} of {place}, {person}, works with tools that {person2} made in {year}.",
        "{person} ordered {big} {things} for the fair at {place}, and {n} came with the wrong label.",
    ),
    (  # roads and bridges
        "The bridge on {street} in {place} carried {big} carts in {month}, as counted by {person}.",
        "{person} and {n} men laid {big} paving slabs along {street}, {place}, {weather}.",
        "The road from {place} to {place2} is {n} feet wide at its narrowest, by the tape of {person}.",
        "A tree came down across {street} in {place} at {time} on {date}, and {person} sawed it into {n} logs.",
        "{person} found {n} cracks in the arch at {place} and asked for {sum} to close them.",
        "Since {year} the toll at {place} has been collected by {person}, who keeps {n} geese beside the gate.",
        "The lamps on {street}, {place}, were lit at {time} in {month}, {n} minutes later than before.",
        "{n} {things} were stacked beside {street} in {place} until {date}, when {person} had them moved.",
        "The river at {place} rose {n} inches overnight on {date}, and {person} warned the people of {street}.",
        "{person}, a surveyor, walked from {place} to {place2} {weather} and drew {n} sheets of plans.",
        "The milestone near {place} was set straight by {person} on {date} for {sum}.",
        "A heavy wagon of {person}, bound for {place} with {big} bricks, sank {n} inches into {street}.",
    ),
    (  # clubs and pastimes
        "The choir of {place} sang on {date} before {big} listeners, with {person} at the piano.",
        "{person} won the chess tournament at {place} in {n} moves against {person2}, a {trade}.",
        "The football club of {place} beat {place2} on {date} {weather}, and {person} scored after {n} minutes.",
        "{person} showed {n} paintings of {place} in the hall on {street} and sold them for {sum}.",
        "The reading circle at {place} has {n} members and has met at the house of {person} since {year}.",
        "A dance at {place} on {date} began at {time} and cost {sum} in lamp oil, says {person}.",
        "{person} gave a talk on {crop} to {n} gardeners at {place} in {month}.",
        "The band of {place} owns {n} instruments, of which {person} has mended the largest twice since {year}.",
        "{person} walked {n} miles from {place} {weather} to hear {person2} play the fiddle.",
        "The theatre on {street} in {place} gave a comedy in {month}, and {big} tickets were sold by {person}.",
        "{n} children flew kites above {place} on {date}, and that of {person} was the highest.",
        "The photograph of {place} taken by {person} in {year} hangs between {n} others on {street}.",
    ),
)  # fmt: skip
