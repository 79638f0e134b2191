"""Names of people and of trading houses, all invented by crossing two lists."""

from __future__ import annotations

FIRST = (
    "Adela", "Alban", "Amory", "Anselm", "Averil", "Basil", "Beatrix", "Bertram", "Blanche", "Bram",
    "Brenna", "Caspar", "Cecily", "Clement", "Cora", "Corin", "Cyprian", "Dagmar", "Damaris",
    "Delphine", "Denholm", "Edda", "Edmund", "Eleanor", "Elias", "Emeric", "Enid", "Esme", "Everard",
    "Fabian", "Felicity", "Fenella", "Ferris", "Flora", "Gideon", "Gilda", "Godfrey", "Greta",
    "Gwendolen", "Hadrian", "Harriet", "Hedda", "Hester", "Hollis", "Ida", "Ignatius", "Imogen", "Inga",
    "Isidore", "Ivo", "Jasper", "Jemima", "Joachim", "Jocasta", "Judith", "Kester", "Klara", "Lambert",
    "Lavinia", "Leander", "Leopold", "Linnea", "Lionel", "Lucian", "Ludmila", "Mabel", "Magnus",
    "Malachi", "Marius", "Matilda", "Merrick", "Minna", "Nathaniel", "Nell", "Nestor", "Odile", "Olaf",
    "Oriel", "Osbert", "Oswin", "Percival", "Petra", "Philippa", "Piers", "Quentin", "Ragna", "Ralph",
    "Rosamund", "Rufus", "Sabina", "Selwyn", "Septimus", "Sibyl", "Sigrid", "Silas", "Solveig",
    "Tabitha", "Thaddeus", "Theodora", "Tobias", "Ulric", "Una", "Ursula", "Valentine", "Verity",
    "Vincent", "Wilfred", "Winifred", "Yorick", "Zelda",
)  # fmt: skip
LAST = (
    "Abershaw", "Aldous", "Ambrey", "Anstruck", "Arkle", "Ashgrove", "Bagshot", "Balderson",
    "Barrowmoor", "Bellwether", "Birkenhaw", "Blackstock", "Bohun", "Bracegirdle", "Brandreth",
    "Brockhurst", "Burrowes", "Calloway", "Cantrell", "Carnaby", "Castleton", "Caxton", "Chalkley",
    "Chenery", "Clavering", "Cobbold", "Corrigan", "Crabtree", "Crosswell", "Culpin", "Dalgarno",
    "Danvers", "Darkwater", "Deakin", "Delamere", "Dimmock", "Dorrance", "Drayhurst", "Dunnock",
    "Eastlake", "Eddowes", "Elphick", "Embleton", "Esterhay", "Fairclough", "Farthing", "Fennimore",
    "Fincham", "Flood", "Forsgate", "Frobish", "Gadsby", "Gallimore", "Garland", "Gaunt", "Gillow",
    "Goldspink", "Gostrey", "Grimwade", "Gunnell", "Haldane", "Harbottle", "Hathersage", "Haverill",
    "Hexby", "Hobday", "Holroyd", "Honeybourne", "Ingleby", "Ironside", "Jarrold", "Jessop", "Kelleway",
    "Kettlewell", "Kinnaird", "Knatchbull", "Lanyon", "Larkin", "Leadbetter", "Lillicrap", "Lockyer",
    "Lovibond", "Lydgate", "Maddern", "Mallory", "Marchbank", "Maskell", "Meadowcroft", "Merriweather",
    "Mompesson", "Mortlock", "Nankivell", "Netherway", "Newsholme", "Nightingale", "Oakhanger", "Oddie",
    "Orchard", "Osgodby", "Pargeter", "Paxman", "Pellow", "Pennefather", "Pickersgill", "Plumtree",
    "Polwhele", "Prideaux", "Quarles", "Quennell", "Rackham", "Radclyffe", "Ransome", "Redfern",
    "Rookwood", "Rosewarne", "Ruddock", "Sackville", "Sandeman", "Scarfe", "Seabright", "Selkirk",
    "Shillito", "Skelhorn", "Sparrow", "Stainforth", "Stallybrass", "Strangeways", "Swithin",
    "Tallentire", "Tamblyn", "Teasdale", "Thistlewood", "Thorogood", "Tranter", "Trevanion",
    "Tunnicliffe", "Tyrwhitt", "Uppingham", "Vavasour", "Venables", "Vosper", "Waghorn", "Wainfleet",
    "Warboys", "Wetherall", "Whitlock", "Widdowson", "Winterbourne", "Wolstan", "Woodroffe", "Wraxall",
    "Yelland", "Youngblood", "Zouche",
)  # fmt: skip
HOUSES = (
    "Brothers",
    "and Daughters",
    "Shipping",
    "Coasting Company",
    "and Partners",
    "Marine Works",
    "Stevedores",
    "Lighterage",
    "Ironworks",
    "Provisioners",
    "Salvage",
    "Towage",
    "Engineering",
    "Timber Merchants",
    "Seafoods",
    "Grain House",
    "Surveyors",
    "and Sons",
    "Cold Stores",
    "Electrical",
)
# Those who serve all year and so come back throughout the register.
INSPECTORS = (
    "Inspector Marchetta Doyle",
    "Inspector Aurel Finch",
    "Inspector Bettina Crowe",
    "Inspector Hamish Orlop",
    "Inspector Juno Wray",
    "Inspector Casimir Pell",
)
JUDGES = ("Judge Rowena Astley", "Judge Peregrine Hale", "Judge Ottoline Firth")
PILOTS = (
    "pilot Maren Skald",
    "pilot Dunstan Reeve",
    "pilot Carys Holm",
    "pilot Ewart Lunn",
    "pilot Isolde Tarn",
    "pilot Fergus Vane",
    "pilot Lotte Brandt",
    "pilot Noah Quill",
)
OFFICERS = (
    "the harbour master",
    "the deputy harbour master",
    "the officer of the watch",
    "the duty engineer",
    "the berthing master",
    "the senior boatman",
    "the safety officer",
    "the quay foreman",
    "the port chemist",
    "the harbour constable",
)
