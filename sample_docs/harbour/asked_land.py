"""Questions that rest on inspections, rulings, and the work of the offices."""

from __future__ import annotations

from harbour.asked import Asked

LAND = (
    Asked(
        "inspections", "Saltgate", 0.44, "Berth 4, 9 June.",
        "Inspector Juno Wray opened the old powder vault under the berth, shut for sixty years and "
        "missing from "
        "every drawing since. It held eleven tar barrels, a ship's figurehead and a dry stone floor. She "
        "has asked "
        "that the vault be filled with lean concrete before any crane of more than 12 tonnes is set above"
        " it. The "
        "figurehead was claimed by nobody and hangs in the canteen.",
        "Above what crane weight must the powder vault be filled in first?",
        "12 tonnes", "powder vault", "fact", ("12 t",),
    ),
    Asked(
        "inspections", "Old Basin", 0.65, "Berth 8, 27 August.",
        "The berth was found propped with railway sleepers, none of them shown on the drawings. The "
        "tenant, "
        "Kolvereid Chandlery, said that they had been there when the lease was signed. Inspector Casimir "
        "Pell "
        "lowered the grade from B to E on the spot and had the gate chained. A gang under the foreman "
        "drew the "
        "sleepers one by one at neap tide.",
        "Which inspector shut the Old Basin berth rented by Kolvereid Chandlery?",
        "Casimir Pell", "Kolvereid Chandlery", "person", ("Inspector Casimir Pell",),
    ),
    Asked(
        "inspections", "Coal Staith", 0.2, "Berth 2, 15 March.",
        "The great hand crane, called Old Margery by the gangs, was proved to 6 tonnes and moved sweetly "
        "through "
        "the full circle. Her brake band is the original leather. Inspector Bettina Crowe passed her for "
        "one more "
        "year and wrote that the next test must be made on or before 30 November. The lamp at her head was "
        "relit for the first time in a decade.",
        "By what date does the crane known as Old Margery have to be tested again?",
        "30 November", "Old Margery", "date",
    ),
    Asked(
        "inspections", "Timber Pond", 0.77, "Berth 5, 8 October.",
        "A boom of floating logs had been chained across the berth by Hesterberg Sawmills without leave. "
        "Inspector "
        "Hamish Orlop walked it from end to end and fell in twice. The mill was told to pay 35 crowns for"
        " each "
        "day that the chain stayed on. It was off before he was dry.",
        "What daily charge was Hesterberg Sawmills threatened with over its chained logs?",
        "35 crowns", "Hesterberg Sawmills", "sum", ("35 crowns a day", "35 crowns per day"),
    ),
    Asked(
        "rulings", "Winter sitting", 0.4, "Averne Tidewell and Pontifex Lines.",
        "Averne Tidewell, a widow keeping the tea stall at Lantern Quay, complained that a crane of "
        "Pontifex "
        "Lines had set a crate of onions upon her counter. Judge Ottoline Firth went to see the stall and"
        " drank a "
        "cup of tea there. She awarded 1,930 crowns for the stall and nothing for the lost custom, trade "
        "having "
        "doubled since. Neither side appealed.",
        "How much compensation did the tea stall keeper win from Pontifex Lines?",
        "1,930 crowns", "Pontifex Lines", "ruling", ("1,930",),
    ),
    Asked(
        "rulings", "Winter sitting", 0.8, "The authority and Crispian Dolorous.",
        "Crispian Dolorous, a crab fisher, was charged with shooting his pots across the ferry track on "
        "nine "
        "mornings. He said that the crabs had moved and that he had followed them. Judge Peregrine Hale "
        "found the "
        "defence honest but no defence. The licence was suspended for seven weeks, and the pots were "
        "given back.",
        "For how long did Crispian Dolorous lose his licence?",
        "seven weeks", "Crispian Dolorous", "ruling", ("7 weeks",),
    ),
    Asked(
        "rulings", "Spring sitting", 0.5, "Salvors of the Sainte Odette.",
        "Three boats claimed the salvage of the ketch Sainte Odette, found adrift with her table laid and"
        " nobody "
        "aboard. Judge Rowena Astley held that the first to touch her was the rowing gig Thimble, though "
        "it could "
        "not have moved her an inch. The whole award therefore went to the gig's crew of six "
        "schoolteachers. The "
        "ketch's people were found ashore, picnicking.",
        "Which craft was judged to have reached the abandoned Sainte Odette before the others?",
        "the rowing gig Thimble", "Sainte Odette", "ruling", ("Thimble", "the gig Thimble"),
    ),
    Asked(
        "rulings", "Summer sitting", 0.35, "Montclair Ferries and the authority.",
        "Montclair Ferries asked that its evening boat be let off the lamp due, since it sailed before "
        "sunset for "
        "half the year. Judge Ottoline Firth worked out the sunsets herself from an almanac. She allowed a "
        "rebate of 46 per cent and declined to round it. The clerk of dues was told to alter the table.",
        "By what percentage was the lamp due reduced for Montclair Ferries?",
        "46 per cent", "Montclair Ferries", "ruling", ("46%", "46 percent", "46"),
    ),
    Asked(
        "rulings", "Autumn sitting", 0.25, "Hendrika Vlissing and Tor Asmundsen.",
        "Hendrika Vlissing had lent Tor Asmundsen a mooring chain some years ago and now found it holding"
        " up his "
        "garden gate. He pleaded that rust had made it another thing. Judge Peregrine Hale, citing the "
        "old case "
        "of the Turnbull Anchor, said that a borrowed thing stays borrowed. The chain was to be returned "
        "within "
        "fourteen days and the gate propped by other means.",
        "Which earlier case did the judge lean on in the dispute about Hendrika Vlissing's chain?",
        "Turnbull Anchor", "Hendrika Vlissing", "ruling", ("the Turnbull Anchor",),
    ),
    Asked(
        "rulings", "Autumn sitting", 0.7, "The constable and the choir of Saint Brannoc.",
        "The choir of Saint Brannoc was summoned for singing aboard a moored barge after the hour of "
        "silence. Its "
        "conductor, Leontine Harkavy, called the harbour master as a witness, and he owned that he had "
        "asked for "
        "an encore. Judge Rowena Astley fined the choir one crown. She then paid it herself.",
        "Who led the choir that was brought to court for singing late on a barge?",
        "Leontine Harkavy", "Saint Brannoc", "person",
    ),
    Asked(
        "licences", "Trades afloat", 0.6, "Amabel Rostrevor.",
        "Amabel Rostrevor of Fiddlers Hard was granted leave to row passengers to Sheep Holm between May "
        "and "
        "September. It was made a condition that her boat carry a foghorn and no more than nine persons. "
        "The fee of "
        "145 crowns was paid in small coin, which took the clerk an hour to count.",
        "What is the largest number of people allowed in the boat of Amabel Rostrevor?",
        "nine persons", "Amabel Rostrevor", "fact", ("nine", "9", "nine people"),
    ),
    Asked(
        "licences", "Trades ashore", 0.4, "Dionysius Corker.",
        "Dionysius Corker, last of the quill cutters, gave up his pitch on 18 July after fifty-two years."
        " He asked "
        "that it pass to nobody while a pen is still to be had. The authority has let it to a knife "
        "grinder, "
        "Philomena Strake, who has promised to mend quills on request. His badge was the lowest number "
        "still in use.",
        "Who took over the pitch that Dionysius Corker left?",
        "Philomena Strake", "Dionysius Corker", "person",
    ),
    Asked(
        "contracts", "Awarded before midsummer", 0.3, "Brightwater Clockmakers.",
        "Three tenders came in for a new movement in the Custom House clock, and that of Brightwater "
        "Clockmakers at "
        "14,620 crowns was taken. They will keep the old bell and the old dial. The clock has been "
        "stopped at ten "
        "past two since the contract was signed, so that nobody should be misled in the meantime.",
        "What price was agreed for giving the Custom House clock a new mechanism?",
        "14,620 crowns", "Brightwater Clockmakers", "sum", ("14,620",),
    ),
    Asked(
        "contracts", "Awarded before midsummer", 0.75, "Quenby Roofing.",
        "The slating of the long rope shed went to Quenby Roofing, the second lowest of five. The lowest, "
        "Jorvik Tilers, had priced the wrong shed and was let off its offer. Work began under the eye of "
        "Cosmo "
        "Entwhistle and is to be done before the equinox. Swallows in the east gable are to be left until"
        " they go.",
        "Why was the cheapest bid for the rope shed, from Jorvik Tilers, not held to?",
        "had priced the wrong shed", "Jorvik Tilers", "fact", ("it priced the wrong shed", "wrong shed"),
    ),
    Asked(
        "contracts", "Awarded after midsummer", 0.5, "Aldgrave Foundry.",
        "Aldgrave Foundry is to cast two dozen bollards to the old lion pattern for 33,900 crowns, "
        "payable in "
        "thirds. The first pour cracked, and the founder sent the pieces back as door stops. Delivery was"
        " put off "
        "from 1 September to 22 October. A lion was left unpainted for the harbour school.",
        "To what date was the delivery of the bollards from Aldgrave Foundry postponed?",
        "22 October", "Aldgrave Foundry", "date",
    ),
    Asked(
        "staff", "Lady Day roll", 0.38, "Evangeline Stroud.",
        "Retired on 4 February as keeper of the tide books after forty-four years, in which she missed two "
        "tides. Her successor is her own pupil, Ruben Macklebury. She was given the brass pencil with "
        "which the "
        "first book was begun, and has lent it back to the office.",
        "Whom did Evangeline Stroud train who now keeps the tide books in her place?",
        "Ruben Macklebury", "Evangeline Stroud", "person",
    ),
    Asked(
        "staff", "Midsummer roll", 0.69, "Balthazar Inkpen.",
        "Joined on 2 June as interpreter in the Dues Office, from the consulate at Brennick. He was asked"
        " at the "
        "interview how many languages he had and answered that it depended on the company. The examiners "
        "credited "
        "him with 13 languages and a good hand. Pay was set at 3,150 crowns a quarter.",
        "How many languages does the new interpreter Balthazar Inkpen have to his credit?",
        "13 languages", "Balthazar Inkpen", "fact", ("13", "thirteen"),
    ),
    Asked(
        "staff", "Christmas roll", 0.89, "Marguerite Oxley-Dunn.",
        "Commended on 21 December for walking the length of the North Mole in the great gale to close the"
        " storm "
        "doors. She tied herself to the rail with her own scarf. The Commissioners voted her 250 crowns "
        "and a new "
        "scarf, and the rail has been doubled.",
        "What money did the Commissioners give Marguerite Oxley-Dunn for shutting the storm doors?",
        "250 crowns", "Marguerite Oxley-Dunn", "sum", ("250",),
    ),
    Asked(
        "complaints", "From residents", 0.5, "Zenobia Tuckwell.",
        "Zenobia Tuckwell, of 14 Herring Steps, wrote that the new foghorn had put her hens off laying. "
        "She "
        "enclosed a chart of eggs by the week. It was agreed to turn the horn's trumpet by 20 degrees "
        "toward the "
        "sea, and she sent the signal station a dozen eggs in March.",
        "By how much was the foghorn swung round to please Zenobia Tuckwell?",
        "20 degrees", "Zenobia Tuckwell", "fact", ("20°", "twenty degrees"),
    ),
    Asked(
        "complaints", "From traders", 0.5, "Ferdinand Applegarth.",
        "Ferdinand Applegarth, seller of ices, protested that a ship painting at Chandlers Reach had "
        "speckled his "
        "cart with red lead. The owner of the vessel was found to be Lindqvist Reefers, which sent two "
        "hands to "
        "repaint the cart. They painted it red throughout. He has let the matter rest and reports better "
        "sales.",
        "Which firm's ship spattered the ice cart of Ferdinand Applegarth with paint?",
        "Lindqvist Reefers", "Ferdinand Applegarth", "fact",
    ),
    Asked(
        "complaints", "From masters and owners", 0.45, "The master of the Saint Elowen.",
        "The master of the Saint Elowen complained that he had been charged twice for the same night at "
        "Ropewalk "
        "Quay, the clocks having gone back while he slept. The clerk of dues held that a night of "
        "twenty-five "
        "hours is still one night. He was repaid 92 crowns on 3 November with the thanks of the office.",
        "What refund was made to the master of the Saint Elowen?",
        "92 crowns", "Saint Elowen", "sum", ("92",),
    ),
)  # fmt: skip
