"""What the built-in merchant map knows: brands, and words that say what kind of shop it is.

Brands: category slug → names, separated by ";". A name is its own keyword; further spellings
follow "=". A name that begins with "!" is also an ordinary word or place: it counts only where
nothing else is left of the line ("ORANGE SA 4711", not "ORANGE COUNTY CLERK"). With "!!" it means
something else on bank lines too, so a store's number and a place must be there ("TOTAL 4451 PARIS").
Kinds: category slug → keywords, separated by ";".
"""

BRANDS = {
    "groceries": """
        Aldi = aldi sued, aldi nord, aldi sud; Lidl; REWE; EDEKA = e center; !Penny = penny markt, penny market;
        Netto = netto marken discount; Kaufland; !Norma = norma sagt danke; Tegut; Alnatura; Denns = denns biomarkt;
        basic Bio; HIT Markt; !Globus = globus sb; Famila; Tesco = tesco express, tesco stores, tesco store;
        Sainsbury's = sainsbury, sainsburys s mkt, js online grocery; Asda; Morrisons = wm morrison, wm morrisons;
        Waitrose; !Iceland = iceland foods; Co-op = co op food, the co operative food, coop food;
        Ocado; Booths; Budgens; Londis; Nisa Local; Farmfoods; SPAR; Costcutter; Marks & Spencer Food = m s simply food, m s food, m s foodhall, m and s simply food;
        Dunnes Stores; SuperValu; !Centra; Carrefour = carrefour city, carrefour express, carrefour market, crf city; Auchan;
        E.Leclerc = leclerc, centre leclerc, leclerc drive; Intermarché = intermarche; Monoprix; Franprix; Super U = hyper u, u express; Casino Supermarché = geant casino, casino shop, petit casino;
        Picard = picard surgeles; Biocoop; Grand Frais; !Cora; !Match; Mercadona; Eroski; Hipercor; Alcampo; Consum; Ahorramas; Bonpreu; Bonarea;
        Supermercados Dia = dia sa, dia retail, dia market, supermercado dia; !Condis; Caprabo; Gadis; Froiz; El Jamón;
        Continente; Pingo Doce; Minipreço; Mini Preço; Albert Heijn = ah to go, ah xl; Jumbo = jumbo supermarkten; !Dirk = dirk vd broek, dirk van den broek;
        Plus Supermarkt; Hoogvliet; !Picnic = picnic nl; Delhaize = ad delhaize, proxy delhaize; Colruyt; !Okay; Migros; Denner; !Volg; Coop = coop pronto, coop supermercati;
        Billa; Hofer; Interspar; Eurospar; MPREIS; Unimarkt; Biedronka = jeronimo martins; Żabka; Dino Polska; Lewiatan; Stokrotka; Polomarket; Freshmarket;
        !!Albert = albert cz, albert hypermarket, albert supermarket; Tesco Lotus; ICA = ica supermarket, ica nara, ica kvantum, ica maxi; Hemköp; Willys; Systembolaget; Coop Extra; Kiwi Norge; Rema 1000 = rema; !Meny; Bunnpris; Netto DK; Føtex; Bilka; !Irma;
        K-Market = k supermarket, k citymarket; S-Market; Prisma FI; Alepa; Esselunga; Conad; !Dia = dia market, dia maxi; Eurospin; Pam Panorama; Despar; !Bennet; Il Gigante; Sklavenitis; Masoutis; AB Vassilopoulos;
        Konzum; !Mercator; Mega Image; Profi Rom; Kaufland RO; Maxima; Rimi; Prisma Peremarket; !Iki; Selver;
        Kroger; Safeway; Trader Joe's = trader joe; Whole Foods Market = whole foods, whole foods mkt, wholefds, wholefoods; Publix; Wegmans; Albertsons; Vons; Ralphs; Food Lion; Giant Eagle; Giant Food; Stop & Shop;
        H-E-B = heb; Hy-Vee = hyvee; Meijer; WinCo = winco foods; Sprouts = sprouts farmers, sprouts farmers market; Aldi US; Harris Teeter; ShopRite; Food 4 Less; Fred Meyer; King Soopers; Smith's Food = smiths food; QFC; Fry's Food = frys food;
        Jewel-Osco = jewel osco; Acme Markets = acme mkts; Piggly Wiggly; Winn-Dixie; Save A Lot; Grocery Outlet; Raley's; Market Basket; Hannaford; !Ingles; Lucky Supermarkets; Smart & Final; Stater Bros; Food City; H Mart; 99 Ranch; Fairway Market; Gristedes; Schnucks; Price Chopper; Tops Markets;
        Costco = costco whse, costco wholesale; Sam's Club = sams, samsclub; BJ's Wholesale = bjs wholesale, bjs whsle; Restaurant Depot; Instacart; Total Wine; Gopuff; FreshDirect; Amazon Fresh = amzn fresh; Thrive Market; Misfits Market; Imperfect Foods; Weee;
        7-Eleven = 7eleven; Wawa; Sheetz; Loblaws = loblaw; No Frills; Sobeys; Real Canadian Superstore; FreshCo; Farm Boy; Provigo; Maxi Canada; IGA; Woolworths; Coles; Harris Farm; !Countdown; Pak n Save; New World NZ;
        Walmart = wal mart, wm supercenter, walmart supercenter; Target Grocery; OXXO; Soriana; Chedraui; Bodega Aurrera; La Comer; HEB Mexico; Superama; Éxito = almacenes exito; Jumbo CL; Tottus; Plaza Vea; !Wong;
        Disco AR; Supermercados Coto = coto cicsa, coto suc, coto digital; Pão de Açúcar; Assaí = assai atacadista; Atacadão; Extra Hiper; Hortifruti; Zona Sul; Olímpica = olimpica; Ara Tiendas; Surtimax; Surtimayorista; !Alkosto; Carulla; Tiendas D1; !Metro Cencosud; Acuenta = super bodega acuenta; Mayorista 10; Changomas; !Vea; !Makro; Wong Peru; D1 Tiendas; Santa Isabel; Hiper Lider; Unimarc; Metro Cash & Carry = metro cash carry; Metro Cencosud; Shoprite; !Checkers; Pick n Pay;
        HelloFresh; Gousto; Blue Apron; Factor Meals = factor75; Getir; Gorillas; Flink""",
    "restaurants": """
        McDonald's = mcdonald; Burger King; KFC = kentucky fried; Subway = subway sandwiches; Pizza Hut; Domino's = domino, dominos pizza; Papa John's; Papa Murphy's; Little Caesars; Nando's; Vapiano;
        Chipotle = chipotle mexican; Five Guys; Wagamama; Taco Bell; Wendy's; Arby's; Popeyes; Chick-fil-A = chickfila; Panda Express; Panera Bread = panera; Olive Garden; The Cheesecake Factory = cheesecake factory;
        Ruth's Chris Steak House = ruths chris, ruths chris steak; P.F. Chang's = pf changs; Applebee's; Chili's = chilis grill; Outback Steakhouse; Red Lobster; Red Robin; Texas Roadhouse; LongHorn Steakhouse = longhorn steak; Cracker Barrel; IHOP; Denny's; Waffle House; Buffalo Wild Wings = bww; TGI Fridays = tgi friday; Hooters;
        The Capital Grille = capital grille; Maggiano's; Carrabba's; Bonefish Grill; Bob Evans; Perkins Restaurant; Golden Corral; Sweetgreen; Cava Grill; Shake Shack; In-N-Out Burger = in n out; Whataburger; Culver's; Sonic Drive-In = sonic drive; Jack in the Box; Carl's Jr; Hardee's; Dairy Queen = dq; White Castle; Raising Cane's; Wingstop; Zaxby's; Bojangles; El Pollo Loco; Del Taco; Qdoba; Moe's Southwest; Noodles & Company = noodles co;
        Jimmy John's; Jersey Mike's; Firehouse Subs; Potbelly; Quiznos; Blaze Pizza; MOD Pizza; California Pizza Kitchen; BJ's Restaurant = bjs restaurants; Yard House; Benihana; !Nobu; Din Tai Fung; Steak n Shake; Checkers Drive-In; Long John Silver's; Church's Chicken; Bob's Burgers;
        PizzaExpress = pizza express; Zizzi; ASK Italian; Prezzo; Frankie & Benny's; Harvester; Toby Carvery; Beefeater; Wetherspoon = jd wetherspoon, j d wetherspoon, wetherspoons; Leon Restaurants; Itsu; !Wasabi; Yo Sushi; Dishoom; Honest Burgers; Byron Burger; GBK; Greene King; Hungry Horse; Brewers Fayre;
        Nordsee; L'Osteria; Hans im Glück; Block House; Peter Pane; dean & david; Burgermeister; Quick Restaurant; Flunch; Hippopotamus; Buffalo Grill; Léon de Bruxelles; La Boucherie; Courtepaille; Big Mamma; Telepizza; 100 Montaditos; Foster's Hollywood; Goiko; Lizarran; !Vips; La Tagliatella; Ginos;
        Old Wild West; Roadhouse; Autogrill; Max Burgers; Hesburger; Sibylla; !La Place; Swiss Chalet; !Harvey's; !A&W; Boston Pizza; Hungry Jack's; Oporto; Guzman y Gomez; Giraffas; Habib's; !Madero; Sanborns; El Corral; Crepes & Waffles; Bembos""",
    "coffee": """
        Starbucks = starbucks store, starbucks coffee; Costa = costa coffee; Pret a Manger; Dunkin' = dunkin donuts; Tim Hortons; Greggs; Peet's Coffee = peets, peets coffee tea; Caribou Coffee; Dutch Bros; Philz; Blue Bottle = blue bottle coffee; Caffè Nero = caffe nero; Black Sheep Coffee; Gail's Bakery = gails; Krispy Kreme; Einstein Bros = einstein bros bagels; Bruegger's; Auntie Anne's; Cinnabon; Baskin-Robbins; Jamba = jamba juice; Smoothie King; Cold Stone Creamery = cold stone; Ben & Jerry's; Häagen-Dazs;
        Nespresso; Tchibo; Einstein Kaffee; Balzac Coffee; Coffee Fellows; BackWerk; Kamps; Ditsch; Le Crobag; Paul Boulangerie; Brioche Dorée; Columbus Café; Espresso House; Joe & the Juice; Wayne's Coffee; Juan Valdez; Second Cup; Gloria Jean's; Insomnia Coffee; Café Martínez; Havanna""",
    "food-delivery": """
        Uber Eats = ubereats, uber eat; Deliveroo; DoorDash = dd doordash; Grubhub; !Seamless; Postmates; !Caviar; Just Eat = just eat co uk, justeat; Lieferando; Takeaway = takeaway com; Thuisbezorgd; Wolt; Glovo; foodora; foodpanda; SkipTheDishes; iFood; Rappi; PedidosYa; DiDi Food; Menulog; Bolt Food; Pyszne; ChowNow; Slice Pizza; ezCater; Foodhub; Swiggy; Zomato; Volt Delivery""",
    "home-maintenance": """
        Home Depot = the home depot; Lowe's; OBI = obi bau; HORNBACH; BAUHAUS; toom = toom baumarkt; hagebau = hagebaumarkt; Leroy Merlin; Castorama; Brico Dépôt; Bricomarché; Mr Bricolage; Bricorama; Weldom; Screwfix; B&Q = b q; Wickes; Toolstation; Homebase; Travis Perkins; Dunelm Trade; Ace Hardware; True Value; Menards; Harbor Freight; Sherwin-Williams; !Praxis; Gamma Bouwmarkt; Karwei; Hubo; Brico; Bricomart; AKI Bricolaje; Obramat; Bricocenter; Jula; Biltema; Byggmax; Bauhaus SE; K-Rauta; Bunnings; Mitre 10; Sodimac; Easy AR; Canadian Tire; Rona; Castorama PL; Floor & Decor; Tractor Supply; Terminix; Orkin""",
    "furnishing": """
        IKEA; Wayfair; Westwing; Maisons du Monde; JYSK; XXXLutz = xxx lutz; Höffner; Roller Möbel; Poco Einrichtung; home24; mömax; Segmüller; Dunelm; DFS Furniture; !Habitat; Made.com; Conforama; !BUT; Alinéa; La Redoute; Leen Bakker; Kwantum; Ashley Furniture; Crate & Barrel = crate barrel; Pottery Barn; West Elm; Williams-Sonoma; Rooms To Go; Bed Bath & Beyond = bed bath; HomeGoods = home goods; Restoration Hardware; La-Z-Boy; Mattress Firm; The Container Store = container store; At Home Store; Overstock = overstock com; Zara Home; H&M Home; Mobly; Tok&Stok""",
    "electricity": """
        Vattenfall; E.ON = eon energie, eon next; EnBW; EDF = edf energy, electricite de france; British Gas; Octopus Energy; OVO Energy = ovo; ScottishPower = scottish power; SSE Energy; Bulb Energy; Utilita; So Energy; Utility Warehouse; Iberdrola; Endesa; Enel = enel energia; Naturgy; Holaluz; EDP Comercial = edp; ENGIE = engie gaz, engie electricite, engie brasil, engie energia; TotalEnergies Electricité; ekWateur; Yuno; Tibber; LichtBlick; Yello Strom; RheinEnergie; Mainova; N-ERGIE; innogy; Eneco; Essent; Greenchoice; Luminus; Fortum; Ørsted; Hafslund; Verbund; Wien Energie; BKW; ewz; Tauron; PGE; !Enea; ČEZ; Electric Ireland; Bord Gáis; A2A Energia; Eni Plenitude = eni gas e luce;
        Con Edison = coned, con ed; PG&E = pacific gas, pacific gas elec, pacific gas electric, pgande; Duke Energy; Southern California Edison = so cal edison, socal edison, so calif edison; San Diego Gas & Electric = sdge; Florida Power & Light = fpl; Dominion Energy; Xcel Energy; Georgia Power; ComEd; PECO Energy; PSE&G = pseg; National Grid; Eversource; Entergy; DTE Energy; Consumers Energy; AEP; Ameren; Reliant Energy; TXU Energy; Puget Sound Energy; Rocky Mountain Power; Portland General Electric; Alabama Power; LADWP; APS Electric; Salt River Project = srp; FirstEnergy; PPL Electric; Pepco; BGE; Hydro-Québec = hydro quebec; BC Hydro; Hydro One; Toronto Hydro; AGL Energy; Origin Energy; CFE Suministrador = cfe; Enel Chile; Edenor; Edesur; CPFL; Cemig; Eletropaulo; Codensa; Luz del Sur""",
    "heating": """GASAG; Gaz de France; SoCalGas = so cal gas, southern california gas; Nicor Gas; Atmos Energy; CenterPoint Energy = centerpoint; Spire Gas; Peoples Gas; Washington Gas; Piedmont Natural Gas; Columbia Gas; Questar Gas; NW Natural; Enbridge Gas; Metrogas; Comgás; Techem; !ista; Primagaz; Antargaz; Flogas; Calor Gas""",
    "water": """Thames Water; Severn Trent; United Utilities; Yorkshire Water; Anglian Water; Welsh Water; Southern Water; Affinity Water; Scottish Water; South West Water; Wessex Water; Veolia = veolia eau; Suez Eau; SAUR; Canal de Isabel II; Aqualia; Aigües de Barcelona; Vitens; Waternet; Berliner Wasserbetriebe; American Water; Aqua Pennsylvania; Sabesp; Copasa; AySA; Aguas Andinas; EPM""",
    "internet": """
        Comcast; Xfinity; !Spectrum = spectrum internet, spectrum cable, charter communications, charter comm; Virgin Media; Unitymedia; Cox Communications = cox comm, cox cable; !Optimum = optimum cable; CenturyLink; Frontier Communications; Verizon Fios = vz fios; Google Fiber; Starlink; HughesNet; Mediacom; WOW Internet; RCN; Windstream; EarthLink; BT Group = bt broadband, british telecom; TalkTalk; Plusnet; Hyperoptic; Community Fibre; Zen Internet; Ziggo; Telenet; Proximus; !1&1 = 1 und 1, 1u1 telecom, 1 1 telecom; PŸUR = pyur; M-net; NetCologne; Free Telecom = free haut debit; Euskaltel; Fastweb; Telecom Italia; !Rogers; Shaw Cable; Telmex; Izzi; Totalplay; Megacable; VTR; NET Serviços; Fibertel; Bredband2; Bahnhof AB; Bbox""",
    "phone": """
        Vodafone; Telekom = deutsche telekom, telekom deutschland; O2 = telefonica germany, o2 uk; T-Mobile = tmobile; Verizon = verizon wireless, vzwrlss, vzw; AT&T = att, at t mobility; !Orange = orange france, orange sa, orange espagne, orange mobile; SFR; Bouygues Telecom; Telefónica; Movistar; Swisscom; Salt Mobile; Sunrise UPC; KPN; Odido; Telia; Telenor; Tele2; !Elisa; DNA Oyj; congstar; Drillisch; freenet = mobilcom, mobilcom debitel; winSIM; ALDI TALK; Lidl Connect; Blau.de; klarmobil; Fraenk; !EE = ee limited; !Three = three uk, hutchison 3g, h3g; giffgaff; VOXI; Lebara; Lycamobile; Tesco Mobile; Smarty Mobile; iD Mobile; Sky Mobile; Eir; Free Mobile; Sosh; Red by SFR; Prixtel; Yoigo; MásMóvil; Lowi; Pepephone; Digi Mobil = digi spain; Jazztel; !TIM = telecom italia mobile, tim spa, tim celular, tim sa; Wind Tre; Iliad; Ho Mobile; !MEO; NOS Comunicações; A1 Telekom; !Magenta; Drei Austria = hutchison drei; HoT Mobil; !Play P4; Plus GSM; Orange Polska;
        Entel = entel pcs; WOM; Movistar = telefonica moviles; !Sprint; Boost Mobile; Cricket Wireless; Metro by T-Mobile = metro pcs, metropcs; Mint Mobile; !Visible; US Cellular; Google Fi; Consumer Cellular; Straight Talk; TracFone; !Ting; Bell Canada; Telus; Koodo; !Fido; Telstra; !Optus; Telcel; !Claro = claro colombia, claro brasil, claro chile, claro peru, claro movil, claro argentina; Personal Argentina; !Entel; Vivo Telefônica = vivo movel, vivo sa, vivo fixo, telefonica brasil; TIM Brasil; Tigo; WOM; Bitel; Safaricom; MTN""",
    "fuel": """
        Shell = shell oil, shell station; Aral; Esso; BP; Texaco; Chevron; ExxonMobil; Exxon; !Mobil; !!Total; TotalEnergies = total energies, total access, total station, relais total; Repsol; Cepsa; Galp; Agip; Eni Station; OMV; JET Tankstelle = jet tankstellen; Circle K; Orlen = pkn orlen; STAR Tankstelle; HEM Tankstelle; AVIA; Westfalen Tankstelle; Q1 Tankstelle; Tamoil; IP Gruppo API; Q8; Kuwait Petroleum; !Gulf Oil; Murco; Applegreen; Maxol; !Topaz; Emo Oil; Moto Fuel; MFG; OKQ8; Preem; St1; Neste; Circle K Sverige; YX; Uno-X; Tinq; !Tango; Texaco NL; Lukoil; Rompetrol; !MOL; Petrol Slovenia; BallenOil; Plenoil; Petroprix; Esso Express; Intermarche Station;
        76 Station; !Arco = arco ampm; Sunoco; Citgo; Conoco; Phillips 66; Marathon Petroleum = marathon petro; Speedway; Valero; !Sinclair; QuikTrip; !QT; RaceTrac; Casey's = caseys general store; Cumberland Farms; Kwik Trip; Love's Travel = loves travel, loves country; Pilot Travel = pilot flying j, flying j; TravelCenters of America; Buc-ee's = bucees; !Maverik; Murphy USA; Thorntons; Getaway Fuel; Holiday Stations = holiday stationstore; Royal Farms; Kum & Go; Petro-Canada; Ultramar; !Husky; !Pioneer; Ampol; Caltex; 7-Eleven Fuel; YPF; Axion Energy; Petrobras; Ipiranga; Pemex; Copec; Terpel; !Primax; Petroperú; Mobil MX;
        IONITY; ChargePoint; Tesla Supercharger = tesla supercharging; EVgo; Electrify America; Fastned; Allego; EnBW mobility; Maingau; Pod Point; BP Pulse; Gridserve; Shell Recharge; InstaVolt; Electra""",
    "public-transport": """
        Deutsche Bahn = db vertrieb, db fernverkehr, db bahn; BVG; MVV; MVG; HVV; Hamburger Hochbahn; VBB; VGN; VRR; RMV; KVB; SSB AG; ÖBB; Wiener Linien; Transport for London = tfl, tfl travel ch, tfl travel charge, tfl gov uk; Trainline = thetrainline; National Rail; Avanti West Coast; LNER; GWR; Great Western Railway; Southeastern; South Western Railway; Thameslink; ScotRail; Northern Rail; CrossCountry Trains; TransPennine; Greater Anglia; c2c; Arriva; Stagecoach; FirstGroup; First Bus; National Express; Megabus; Translink; Irish Rail; Iarnród Éireann; Bus Éireann; Leap Card; SNCF = sncf connect, sncf internet; RATP = navigo, ile de france mobilites; TCL Lyon; Keolis; Transdev; Renfe = renfe viajeros; TMB Barcelona; EMT Madrid; Metro de Madrid; Ouigo; Iryo; FGC; Alsa; Avanza; Trenitalia; !Italo; ATM Milano; ATAC; Trenord; Metro Lisboa; Carris; CP Comboios; !NS = ns groep, ns reizigers; GVB; OV-chipkaart; Arriva NL; NMBS SNCB = nmbs, sncb; STIB; De Lijn; SBB = sbb cff ffs, cff; ZVV; VBZ; SJ AB; Skånetrafiken; Västtrafik; DSB; Rejsekort; !Vy; !Ruter; VR Group; HSL; PKP Intercity = pkp; ZTM; Koleo; Jakdojade; České dráhy; DPP; BKK;
        Amtrak; MTA = mta metrocard, mta nyct, omny; WMATA = wmata smartrip; SmarTrip; MetroCard; !BART = bart clipper; Clipper Card = clipper systems; Caltrain; SEPTA; MBTA; CTA Ventra = ventra; NJ Transit = njtransit; PATH SmartLink; LIRR; Metro-North; Metrolink; TriMet; King County Metro; Sound Transit; Muni; LA Metro = la metro tap; DART Dallas; Greyhound; !Presto; TTC; STM Montréal; OPUS card; TransLink Vancouver; Opal Travel = transport for nsw; Myki; SUBE; Metro de Santiago; Metrobús; TransMilenio; Bilhete Único; Deutschlandticket; FlixBus; FlixTrain; BlaBlaBus""",
    "taxi": """
        Uber = uber trip, uber bv, uber ride, uber do brasil, uber rides, uber mexico, uber portier, uber chile, uber colombia; Lyft = lyft ride; Bolt = bolt eu, bolt operations; Cabify; FREE NOW = freenow, mytaxi; !Lime = lime ride, li me; !TIER = tier mobility; MILES = miles mobility; SIXT share; SHARE NOW; BlaBlaCar; Addison Lee; !Gett; !Ola Cabs; Voi = voi technology; Dott Scooter = emtransit; Bird Rides = bird scooter, bird ride; Spin Scooter; Citi Bike; Divvy; Bay Wheels; Capital Bikeshare; !Revel; Zipcar; Getaround; Turo; Via Transportation; Curb Mobility; Alto Ride; DiDi = didi rides; 99 Taxis = 99app, 99 tecnologia, 99pop; inDrive; Beat App; Nextbike; Santander Cycles; Vélib; Swapfiets; Yellow Cab; G7 Taxi; Cooltra; Zity; Wible; Enjoy Eni; cambio Carsharing; Stadtmobil; Greenwheels; Mobility Cooperative; Heetch; Waymo""",
    "parking": """
        EasyPark; PayByPhone; RingGo; JustPark; ParkMobile; SpotHero; ParkWhiz; LAZ Parking; SP Plus; Impark; ABM Parking; Ace Parking; Propark; ParkNow; Park Now; APCOA; Q-Park; Contipark; Indigo Park; NCP = ncp car park; Saba Parking; EMPARK; Telpark; Interparking; Effia; Yellowbrick; Parkster; Handyparken; E-ZPass = ezpass; FasTrak; SunPass; TxTag; EZ TAG; Peach Pass; I-PASS; Toll Roads; TollTag; Ulys; Bip&Go; Vinci Autoroutes; APRR; Sanef; Autostrade; Telepass; Abertis; Autopistas; Via Verde; ASFINAG; Dart Charge; Sem Parar; ConectCar; PASE Urbano; IAVE""",
    "car-maintenance": """
        A.T.U. = atu auto, atu; Kwik Fit; Halfords; Euromaster; Vergölst; pitstop; Bosch Car Service; Carglass; Autoglass; Safelite; Norauto; Feu Vert; !Midas; !Speedy; Point S; !Roady; AutoZone; O'Reilly Auto = oreilly auto; Advance Auto = advance auto parts; NAPA Auto = napa; Pep Boys; Jiffy Lube; Valvoline; Firestone; Goodyear; Discount Tire; Les Schwab; Meineke; Maaco; Monro; Big O Tires; America's Tire; Mister Car Wash; Take 5 Oil; TÜV; DEKRA; KÜS; ADAC; AAA Auto = aaa membership; DVLA; RAC Motoring; Euro Car Parts; Mekonomen; Bilia; Mr Wash; IMO Car Wash""",
    "clothing": """
        H&M = hennes mauritz, h m hennes; Zara; UNIQLO; Primark; Zalando; ASOS; Nike; adidas; !Gap = gap us, gap store, gap online, gap outlet; Levi's; ABOUT YOU; Decathlon; Foot Locker; !Next = next retail, next directory, next online; New Look; River Island; Topshop; Boohoo; PrettyLittleThing; Missguided; JD Sports; Sports Direct; TK Maxx = tkmaxx; T.J. Maxx = tj maxx, tjmaxx; Matalan; Peacocks; Clarks; Schuh; Superdry; Ted Baker; Reiss; Uniqlo Europe; !C&A = c a mode; Peek & Cloppenburg = peek cloppenburg; !P&C; Deichmann; Takko; KiK; NKD; Ernsting's family; s.Oliver; !Esprit; Tom Tailor; Jack & Jones; Bestseller; Snipes; Görtz; Humanic; Wöhrl; Breuninger; Bonprix; Kiabi; Celio; !Jules; Etam; Camaïeu; Promod; Gémo; !La Halle; Sézane; Vinted; !Mango; Bershka; Stradivarius; Pull & Bear; Massimo Dutti; Desigual; Lefties; Springfield Hombre; Cortefiel; Oysho; Intimissimi; Calzedonia; OVS; Benetton; Tezenis; Wibra; Zeeman; WE Fashion; Scotch & Soda; Lindex; KappAhl; Gina Tricot; !Weekday; !Reserved; CCC; LPP; Sinsay;
        Old Navy; Banana Republic; J.Crew = jcrew; Ross Stores = ross dress; Marshalls; Burlington Coat = burlington stores; Nordstrom; American Eagle; Abercrombie = abercrombie fitch; Hollister; Forever 21; Urban Outfitters; Anthropologie; Victoria's Secret; Lululemon; Under Armour; !Patagonia; The North Face = north face; Columbia Sportswear; REI; Dick's Sporting Goods = dicks sporting; Academy Sports; Skechers; DSW; Famous Footwear; Payless Shoes; Express Fashion; Ann Taylor; Loft Outlet; Lands' End; L.L.Bean = llbean; Carter's; Children's Place; Men's Wearhouse; Stitch Fix; Poshmark; ThredUp; !Puma; Reebok; New Balance; !Vans; !Converse; Timberland; Ralph Lauren; Calvin Klein; Tommy Hilfiger; Gucci; Louis Vuitton; Coach Outlet; Michael Kors; Kate Spade; !Renner; Riachuelo; C&A Modas""",
    "electronics": """
        MediaMarkt = media markt; !Saturn = saturn electro; Best Buy = bestbuy com; !Apple = apple store, apple retail; Currys = currys pc world; Fnac; Darty; !Boulanger; Coolblue; Newegg; Micro Center; B&H Photo = b h photo; GameStop Hardware; !Conrad = conrad electronic; notebooksbilliger; !Alternate; Cyberport; Caseking; expert Elektro; Euronics; Worten; PcComponentes; Unieuro; Trony; LDLC; Digitec; Galaxus; Elgiganten; Elkjøp; Power Elektronik; NetOnNet; Komplett; Gigantti; Verkkokauppa; Alza; Media Expert; x-kom; RTV Euro AGD; JB Hi-Fi; Harvey Norman; Samsung; Dell; Lenovo; Bose; Back Market = backmarket; Kabum; Fravega; Garbarino; AO.com; Richer Sounds; Dyson; Logitech""",
    "household": """
        dm = dm drogerie, dm drogeriemarkt, dm fil; Rossmann; Müller Drogerie = mueller drogerie; Target = target com, target store; !Action = action nl, action nederland, action deutschland; Wilko; B&M = b m retail, b m bargains; Home Bargains; Poundland; Poundstretcher; The Range; Robert Dyas; Lakeland; TEDi; Woolworth DE; EuroShop; HEMA; Blokker; Kruidvat; Etos; Trekpleister; Xenos; Flying Tiger; Søstrene Grene; Gifi; Centrakor; La Foir'Fouille; Stokomani; Noz; Bipa; Dollar General; Dollar Tree; Family Dollar; Five Below; Big Lots; Ollie's Bargain; Tuesday Morning; Primor; Miniso; Tigotà; Acqua & Sapone; Clas Ohlson; Normal A/S; Rusta; Pepco PL; Kmart; Big W; Daiso""",
    "shopping": """
        Amazon = amzn, amzn mktp, amazon com, amazon marketplace, amazon eu, amazon payments, amzn com; eBay; Etsy; AliExpress; Alibaba; Temu; SHEIN; !Wish.com; !OTTO = otto versand, otto gmbh; bol.com; Argos; John Lewis; Marks & Spencer = marks and spencer; !Galeria = galeria kaufhof; Karstadt; Kaufhof; Selfridges; Harrods; Debenhams; House of Fraser; !Fenwick; Harvey Nichols; Very.co.uk; Littlewoods; El Corte Inglés = corte ingles; Galeries Lafayette; !Printemps; BHV Marais; Cdiscount; Rakuten; ManoMano; Veepee; Privalia; La Rinascente; Coin SpA; De Bijenkorf; Wehkamp; Marktplaats; Kleinanzeigen; Globus Warenhaus; !Manor AG; !Allegro; OLX; eMAG; Åhléns; Stockmann; Tchibo Online; QVC; HSN; Macy's; Kohl's; JCPenney = jc penney; Sears; Bloomingdale's; Saks Fifth; Neiman Marcus; Dillard's; Belk; Lord & Taylor; Mercari; OfferUp; Mercado Libre = mercadolibre, mercado livre, mercadolivre; Falabella; !Ripley; !Liverpool; Palacio de Hierro; Coppel; !Elektra; Magazine Luiza = magalu; Americanas; Casas Bahia; Shopee; Shopify; Linio; Paris Cencosud; Myer; David Jones; QuikSilver; Staples; Office Depot; OfficeMax; Hudson's Bay; Dollarama; Russell & Bromley; Hermes Paris; Woot; Disney Store = shopdisney; Groupon; Vevor""",
    "hobbies": """!Michaels = michaels stores; Hobby Lobby; Joann = joann fabrics, jo ann; Hobbycraft; Games Workshop; LEGO; Thomann; Guitar Center; Sweetwater; Gear4music; Cass Art; Boesner; idee Creativmarkt; !Cultura; Bass Pro = bass pro shops; Cabela's; Blick Art = blick art materials; Party City; Build-A-Bear; Dobbies; Pets Corner; Evans Cycles; Wiggle; Chain Reaction; Bergfreunde; Globetrotter; SportScheck; Intersport; Go Sport; GO Outdoors; Cotswold Outdoor; Mountain Warehouse; XXL Sport; !Stadium AB""",
    "pharmacy": """Walgreens; Superdrug; CVS Pharmacy = cvs; Rite Aid; Duane Reade; Boots = boots pharmacy, boots uk, boots the chemist; LloydsPharmacy = lloyds pharmacy; Well Pharmacy; Pharmacy2U; GNC; Vitamin Shoppe; Holland & Barrett = holland barrett; DocMorris; Shop Apotheke; Redcare; medpex; Sanicare; Apoteket; Apotek Hjärtat; Kronans; Apotea; Boots Norge; Farmacias del Ahorro; Farmacias Guadalajara; Farmacias Similares; Benavides; Cruz Verde; Salcobrand; Farmacias Ahumada; Farmacity; Drogasil; Droga Raia; Pague Menos; Drogaria São Paulo; Inkafarma; Mifarma; Express Scripts; OptumRx; Capsule Pharmacy; PillPack; GoodRx; Shoppers Drug Mart; Jean Coutu; Rexall; London Drugs; Chemist Warehouse; Priceline Pharmacy; Dr Max; Benu; Medicover Apteka; Gemini Apteka""",
    "doctor": """Fielmann; Apollo Optik; Specsavers; Vision Express; Optical Express; Warby Parker; LensCrafters; Pearle Vision; Mister Spex; Afflelou; !Krys; Optic 2000; Pearle; Kaiser Permanente = kaiser permanente; Quest Diagnostics; LabCorp; Aspen Dental; One Medical; Teladoc; Bupa; Doctolib; Zocdoc; MinuteClinic; BetterHelp; Talkspace; mydentist; Sanitas; Medicover; Luxmed; 1-800 Contacts = 1 800 contacts""",
    "fitness": """McFIT; Fitness First; PureGym = pure gym; Planet Fitness = planet fit, plnt fitness; Urban Sports Club = urban sports; Basic-Fit = basic fit; The Gym Group = the gym; David Lloyd; Virgin Active; Nuffield Health; Anytime Fitness; LA Fitness; Orangetheory Fitness = orangetheory; !Equinox = equinox membership, equinox fitness, equinox club; Crunch Fitness; 24 Hour Fitness; Gold's Gym; Life Time Fitness = lifetime fitness, life time; YMCA; CrossFit; F45 = f45 training; SoulCycle; Barry's Bootcamp; CorePower Yoga; Club Pilates; Pure Barre; Peloton; ClassPass; Strava; Snap Fitness; UFC Gym; EoS Fitness; Blink Fitness; clever fit; FitX; John Reed; Holmes Place; Kieser Training; Gympass; Wellhub; Fitness Park; L'Orange Bleue; Keepcool; Neoness; VivaGym; Altafit; McFit España; SATS; Actic; Nordic Wellness; Smart Fit; Bodytech; Sportclub; Goodlife Fitness; MyFitnessPal""",
    "streaming": """
        Netflix; Spotify; Disney+ = disney plus, disneyplus; Hulu; !Max = hbo max, hbomax, help max com, max com; Amazon Prime = amazon prime, prime membership, amzn prime, prime video; YouTube = youtube premium, youtubepremium, youtube tv, youtube music; Apple Music; Apple TV+ = apple tv; Deezer; Audible; DAZN; !Sky = sky uk, sky digital, sky deutschland, sky italia, sky subscription, sky tv; NOW TV = nowtv; BritBox; TV Licensing = tv licence, tv license; Paramount+ = paramount plus; Crunchyroll; Peacock TV; ESPN+ = espn plus; Discovery+ = discovery plus; Starz; Showtime; Sling TV = sling; fuboTV = fubo; !Philo; AMC+; !Tidal; !Pandora; SiriusXM = sirius xm; SoundCloud; Qobuz; Mubi; Rakuten TV; Filmin; Movistar Plus; Canal+ = canal plus; Molotov; OCS; Joyn; RTL+ = rtl plus, tvnow; WOW TV; MagentaTV; waipu = waipu tv; Zattoo; Viaplay; TV4 Play; Videoland; NPO Plus; NLZIET; Globoplay; Telecine; ViX; Claro Video; Blim; !Stan; Kayo; Binge AU; Curiosity Stream; Shudder; Twitch; DirecTV = direct tv; Dish Network; Player PL; Polsat Box; Vudu; Fandango at Home""",
    "games": """Steam = steampowered, steam games, steam purchase, valve bellevue; PlayStation = playstation network, playstationnetwork, sony playstation; Xbox; Nintendo; Epic Games = epicgames; GameStop; EA Games = electronic arts; !Blizzard; Ubisoft; Riot Games; Roblox; Minecraft; GOG.com; Humble Bundle = humblebundle; Mojang; Supercell; Activision; itch.io; G2A; Instant Gaming; Micromania; CEX; Sony Interactive""",
    "events": """
        Ticketmaster; Eventim = eventim de, cts eventim, eventim ticket; Odeon; Cineplex; StubHub; Vivid Seats; SeatGeek; Eventbrite; AXS Tickets = axs com; Live Nation; Fandango; AMC Theatres = amc theaters, amc theatre; !AMC; !Regal Cinemas = regal, regal cinema; Cinemark; Alamo Drafthouse; Marcus Theatres; Vue Cinema = vue cinemas; Cineworld; Picturehouse; Everyman Cinema; !Curzon; See Tickets; DICE.fm; Ticketek; Gametime; TodayTix; UCI Kinowelt; CinemaxX; Cinestar; Kinopolis; UGC; Pathé; MK2; Gaumont; Kinepolis; Cinesa; Yelmo; Entradas.com; TicketOne; The Space Cinema; Filmstaden; Cinépolis; Cinemex; !Fever; GetYourGuide; Viator; Tiqets; Dave & Buster's = dave busters; Topgolf; Bowlero; Six Flags; Universal Studios; Disneyland; Walt Disney World; SeaWorld; Legoland; Merlin Entertainments; Europa-Park; Phantasialand; PortAventura; Alton Towers; Madame Tussauds; !Main Event; Chuck E. Cheese""",
    "books": """Waterstones; WHSmith = wh smith; Foyles; Blackwell's; Thalia; Hugendubel; Scholastic; Osiander; Weltbild; Barnes & Noble = barnes noble; Books-A-Million; Half Price Books; ThriftBooks; AbeBooks; Kindle; Kobo; Scribd; New York Times = nytimes, ny times; Washington Post; Wall Street Journal = wsj; The Economist = economist; The Guardian = guardian news; Financial Times; The Times = times newspapers; Telegraph Media; Der Spiegel = spiegel verlag; Die Zeit = zeitverlag; Süddeutsche Zeitung; FAZ; Le Monde; Le Figaro; Libération; Mediapart; El País; El Mundo; Corriere della Sera; La Repubblica; Feltrinelli; Mondadori; !Gibert; Furet du Nord; Casa del Libro; Medium.com; Substack; Readly; Dymocks; !Gandhi; Bloomberg; The Atlantic; The New Yorker""",
    "subscriptions": """
        !Apple = apple com bill, apple bill, itunes, apple services, apl itunes, apple one; iCloud; !Google = google storage, google one, google workspace, google gsuite, google play, google services; Microsoft = microsoft 365, microsoft office, msft, office 365; Adobe; Dropbox; GitHub; OpenAI = chatgpt; Anthropic = claude ai; Patreon; Notion = notion labs; LinkedIn; Slack; Zoom = zoom us, zoom com; Canva; Grammarly; Evernote; 1Password; LastPass; Dashlane; Bitwarden; NordVPN; ExpressVPN; Surfshark; Proton AG; Norton; McAfee; Kaspersky; GoDaddy; Namecheap; Squarespace; Wix.com; WordPress; Mailchimp; Figma; Atlassian; JetBrains; DigitalOcean; Linode; Hetzner; OVH; Ionos; Strato; AWS = amazon web services; Cloudflare; Heroku; Midjourney; Headspace; Calm.com; !Tinder; !Bumble; !Hinge; Parship; Match.com; eHarmony; Discord; OnlyFans; Dollar Shave Club; BarkBox; Birchbox; Ipsy; Life360; Ring Protect; SimpliSafe; ADT Security; Vivint; Ancestry.com; 23andMe; Blinkist; Setapp; YNAB; Uber One = uber one membership; Costco Membership""",
    "flights": """
        Lufthansa; Ryanair; easyJet; British Airways; KLM; Air France; Wizz Air; Vueling; !Delta; !Southwest; !United; Delta Air Lines = delta air, delta airlines; United Airlines = united air; American Airlines = american air, aa com; Southwest Airlines = southwest air, southwes; JetBlue; Alaska Airlines = alaska air; Spirit Airlines = spirit airl; !Frontier Airlines = frontier air; Hawaiian Airlines = hawaiian air; Allegiant; Sun Country; Eurowings; !Condor; TUIfly; Swiss International = swiss intl; Austrian Airlines; Brussels Airlines; !Iberia; Air Europa; Binter; Volotea; Transavia; TAP Air Portugal = tap portugal; ITA Airways; Alitalia; SAS Scandinavian; Norwegian Air; Finnair; Icelandair; LOT Polish; Aer Lingus; Jet2; Loganair; Turkish Airlines; Pegasus Airlines; !Emirates; Qatar Airways; Etihad; Singapore Airlines; Cathay Pacific; Qantas; Jetstar; Air New Zealand; Air Canada; WestJet; Porter Airlines; Aeroméxico; Volaris; Viva Aerobus; LATAM; Avianca; Copa Airlines; GOL Linhas; Azul Linhas; Aerolíneas Argentinas; JetSMART; Sky Airline; Flybondi; Eurostar; Thalys; IndiGo Air; Air India; ANA Airways; Japan Airlines; Korean Air; Kiwi.com; eDreams; Opodo; Skyscanner; CheapOair; Aegean Airlines; airBaltic""",
    "hotels": """
        Booking.com; Airbnb; Hotels.com; Marriott; Hilton = hilton garden, hilton garden inn, hilton hotels, hilton honors; ibis = ibis hotel, ibis budget; Premier Inn; Travelodge; Holiday Inn; Hyatt; Sheraton; Westin; Ritz-Carlton; Four Seasons; Hampton Inn; Courtyard by Marriott; Fairfield Inn; Residence Inn; DoubleTree; Embassy Suites; Homewood Suites; Best Western; Comfort Inn; Days Inn; Super 8 Motel; Motel 6; La Quinta; Wyndham; Ramada; Radisson; Novotel; !Mercure; Accor; Sofitel; Pullman Hotel; IHG; InterContinental; Crowne Plaza; Kimpton; Omni Hotels; Loews Hotels; NH Hotel = nh hoteles; Meliá; Barceló Hotels; Riu Hotels; Iberostar; Motel One; B&B Hotels; Maritim; Steigenberger; Scandic; Leonardo Hotels; !Moxy; citizenM; A&O Hostels; Hostelworld; Vrbo; HomeAway; Agoda; Trivago; HRS; Extended Stay; Choice Hotels; Logis Hotels; Campanile; Kyriad; Center Parcs; Pierre & Vacances; MGM Grand; Caesars Palace; OYO Rooms; Hotel Tonight; Sonder; JW Marriott; Youth Hostel""",
    "travel": """TUI; Expedia; !Priceline; Orbitz; Travelocity; !Kayak; Sixt; Hertz = hertz rent, hertz rent a car; Europcar; !Avis = avis rent, avis rent a car; Budget Rent a Car = budget rent; Enterprise Rent-A-Car = enterprise rent; Alamo Rent = alamo rent a car; National Car Rental; Thrifty Car; Dollar Rent a Car = dollar rac; Goldcar; Buchbinder; Starcar; U-Haul = uhaul; Carnival Cruise; Royal Caribbean; AIDA Cruises; Norwegian Cruise; Costa Crociere; Check24 Reise; ab-in-den-urlaub; HolidayCheck; DERTOUR; Thomas Cook; Hays Travel; Trip.com = ctrip; lastminute.com = lastminute; Voyage Privé; Club Med; Nouvelles Frontières; Logitravel; Despegar; Decolar; Costco Travel; Trailfinders; On the Beach; loveholidays; Hoseasons; Global Entry; CLEAR Plus; TSA PreCheck""",
    "personal": """Sephora; !Douglas = parfuemerie douglas, parfumerie douglas; Ulta Beauty = ulta; Hair Cuttery; Supercuts; Great Clips; Sport Clips; Fantastic Sams; Cost Cutters; Regis Salon; Toni & Guy; Rush Hair; Sally Beauty; Bath & Body Works = bath body works; The Body Shop = body shop; Lush Cosmetics; L'Occitane; Yves Rocher; Nocibé; Marionnaud; Kiko Milano; MAC Cosmetics; !Rituals; Aveda; Kiehl's; Massage Envy; European Wax; Hand & Stone; Drybar; Notino; Flaconi; Fragrance Shop; Perfume Shop; Ici Paris XL; O Boticário; Natura Cosméticos; Harry's Razor; Klier Friseur; Franck Provost; Jean Louis David; Treatwell; Fresha; Booksy; European Wax Center; Glossier""",
    "children": """Toys R Us = toysrus; Smyths Toys = smyths; The Entertainer; Hamleys; Mothercare; Mamas & Papas; BabyOne; baby-walz; JAKO-O; Vertbaudet; Prénatal; !Orchestra; King Jouet; JouéClub; La Grande Récré; Toy Planet; Imaginarium; Chicco; buybuy Baby = buybuy baby; Bright Horizons; KinderCare; La Petite Academy; Goddard School; Care.com; UrbanSitter; Gymboree; !Pampers; tigerbox; tonies""",
    "pets": """Fressnapf; zooplus; PetSmart; Petco; Pets at Home; Chewy = chewy com; Das Futterhaus; Maxi Zoo; Tom & Co; Jollyes; Vets4Pets; Medivet; Banfield; VCA Animal; Rover.com; Wag Walking; BarkShop; Kiwoko; Tiendanimal; Arcaplanet; !Animalis; Médor et Compagnie; Bitiba; Musti; Arken Zoo; Petlove; Petz; Cobasi; Trupanion; Petplan; PetMeds = 1 800 petmeds; Pet Supplies Plus; Pet Valu; Petbarn""",
    "education": """Udemy; Coursera; Duolingo; Skillshare; Codecademy; DataCamp; edX; Khan Academy; MasterClass; Babbel; Rosetta Stone; Busuu; italki; Preply; Chegg; Pearson Education; Kumon; Sylvan Learning; Mathnasium; Open University; Berlitz; Goethe-Institut; British Council; Volkshochschule; Brilliant.org; LeetCode; O'Reilly Media; Platzi; College Board; Student Loans Company; Kaplan Test""",
    "insurance": """
        Allianz; AXA; HUK-COBURG = huk coburg, huk24; Aviva; Zurich = zurich insurance, zurich versicherung; Generali; ERGO; GEICO; State Farm; !Progressive = progressive ins, progressive insurance; Allstate; Liberty Mutual; USAA Insurance; Farmers Insurance = farmers ins; Nationwide Insurance; Travelers Insurance; American Family; Lemonade Insurance; MetLife; Prudential; New York Life; Mutual of Omaha; Aflac; Cigna; Aetna; Humana; UnitedHealthcare = united healthcare, unitedhealth; Blue Cross = bcbs, blue shield, anthem; Oscar Health; Delta Dental; Root Insurance; The General Insurance; Admiral = admiral insurance; Direct Line; Churchill Insurance; LV General Insurance; !More Than; Hastings Direct; esure; Legal & General; Saga Insurance; NFU Mutual; Vitality Health; AXA PPP; Bupa Insurance; Simply Health; Compare the Market; DEVK; VHV; R+V; Signal Iduna; Gothaer; Provinzial; LVM; Württembergische; Barmenia; Debeka; HanseMerkur; Nürnberger; CosmosDirekt; Techniker Krankenkasse; AOK; Barmer; DAK Gesundheit; Getsafe; wefox; ARAG; Roland Rechtsschutz; MAAF; MACIF; MAIF; Matmut; GMF; Groupama; Covéa; !MMA; Harmonie Mutuelle; MGEN; Malakoff; AG2R; Swiss Life; Helvetia; CSS Versicherung; Helsana; Sanitas Krankenversicherung; Mapfre; Mutua Madrileña; Línea Directa; Adeslas = segurcaixa; Asisa; DKV; Ocaso; Santalucía; Pelayo; UnipolSai; Reale Mutua; Sara Assicurazioni; Fidelidade; Centraal Beheer; Nationale-Nederlanden; Interpolis; Zilveren Kruis; VGZ; Menzis; OHRA; Ditzo; FBTO; Ethias; AG Insurance; Folksam; If Skadeförsäkring; Länsförsäkringar; Trygg-Hansa; Tryg; Gjensidige; PZU; Warta; Ergo Hestia; UNIQA; Wiener Städtische; Porto Seguro; SulAmérica; Bradesco Seguros; Qualitas; GNP Seguros; Sancor Seguros; Manulife; Sun Life; Irish Life; Laya; VHI""",
    "gifts": """UNICEF; Red Cross = american red cross, cruz roja, croix rouge, deutsches rotes kreuz, rotes kreuz; Oxfam; WWF; Wikimedia; GoFundMe; Greenpeace; Amnesty International; Save the Children; Doctors Without Borders = aerzte ohne grenzen, medecins sans frontieres, medicos sin fronteras, msf; Salvation Army; Goodwill Industries; St. Jude = st jude; Habitat for Humanity; ASPCA; Cancer Research UK; British Heart Foundation; RSPCA; NSPCC; Macmillan Cancer; JustGiving; betterplace; !Caritas; Misereor; Brot für die Welt; SOS Kinderdorf; Restos du Cœur; Secours Populaire; !Emmaüs; World Vision; Plan International; Feeding America; United Way; World Wildlife; ActBlue; WinRed; Interflora; Fleurop; FTD; 1-800-Flowers = 1 800 flowers, 1800flowers; Bloom & Wild; Moonpig; Hallmark; Teleflora; ProFlowers; Edible Arrangements; DonorsChoose; Kickstarter; ACLU; Shriners; Make-A-Wish; UNHCR; Leukemia Society""",
    "taxes": """HMRC = hm revenue, hmrc gov uk; Finanzamt; IRS = irs treas, irs usataxpymt, usataxpymt; Rundfunkbeitrag = ard zdf; Belastingdienst; DGFiP = dgfip, direction generale des finances; Agencia Tributaria = aeat; Franchise Tax Board = franchise tax; TaxAct; FreeTaxUSA; TurboTax = turbotax, intuit turbotax; H&R Block = h r block; Skatteverket; Skatteetaten; Agenzia delle Entrate; Bundeskasse; Canada Revenue = canada revenue agency; Receita Federal; SAT Gobierno; Zollamt""",
    "rent": """Vonovia; Deutsche Wohnen; Avalon Apartments; Equity Residential; Greystar; Camden Property; Essex Apartments; LEG Wohnen; SAGA Hamburg; degewo; GEWOBAG; OpenRent; RentCafe; Yardi; AppFolio; ClickPay; Invitation Homes""",
    "mortgage": """Rocket Mortgage; Mr Cooper; Quicken Loans; PennyMac; LoanDepot; Freedom Mortgage; Newrez; Shellpoint; Wells Fargo Home Mtg = wf home mtg; Chase Mortgage; Nationwide Mortgage; Interhyp; Dr Klein""",
    "investment-transfer": """Vanguard = vanguard buy, vanguard group; !Fidelity = fidelity investments, fid bkg; Charles Schwab = schwab; Robinhood; E*TRADE = etrade; TD Ameritrade; Interactive Brokers; Coinbase; !Kraken; Binance; Trade Republic; Scalable Capital; eToro; DEGIRO; flatex; Betterment; Wealthfront; Acorns; Stash Invest; Webull; Hargreaves Lansdown; Trading 212; Vanguard UK; !Nutmeg; Moneybox; Bitpanda; Indexa Capital; MyInvestor; Avanza Bank; Nordnet; XTB; Freetrade; Wealthsimple; Questrade""",
    "loan-repayment": """Navient; Nelnet; Sallie Mae; Great Lakes = great lakes borrower; MOHELA; Aidvantage; FedLoan = fedloan servicing; Dept of Education = dept education, dept of ed; LendingClub; Upstart; Cofidis; Cetelem; Sofinco; Younited; Targobank Kredit; Toyota Financial; Ford Credit; Honda Financial = american honda fin; Ally Auto; GM Financial; Santander Consumer; VW Bank; Affirm""",
}  # fmt: skip

KINDS = {
    "groceries": """supermarket; hypermarket; supermarkets; super market; supermarkt; supermercado; supermercados; supermarche; supermercato; hypermarche; hipermercado; supermercat; stormarknad; sklep spozywczy; lebensmittel; alimentation; alimentacion; alimentari; epicerie; grocery; groceries; grocer; grocers; greengrocer; fruteria; verduleria; bakery; baeckerei; backerei; boulangerie; panaderia; panificio; padaria; bakkerij; bageri; piekarnia; butcher; butchers; metzgerei; fleischerei; boucherie; carniceria; macelleria; slagerij; fishmonger; poissonnerie; pescaderia; farmers market; wochenmarkt; food mart; food market; minimart; mini mart; deli market; fromagerie; biomarkt; mercearia; abarrotes; hofladen; supermart; superette; minimarket; liquor; liquors; wine shop; getraenkemarkt; getrankemarkt; caviste""",
    "restaurants": """tst; takeaway; take away; takeout; take out; indian takeaway; chinese takeaway; restaurant; restaurants; ristorante; restaurante; restauracja; ravintola; restaurang; bistro; bistrot; pizza; pizzas; pizzeria; sushi; ramen; grill; bbq; barbecue; steakhouse; steak house; tavern; taverna; taverne; brasserie; trattoria; osteria; gasthaus; gasthof; wirtshaus; biergarten; brauhaus; imbiss; doener; doner; kebab; kebap; burger; burgers; taqueria; tacos; cantina; cantine; kantine; diner; eatery; noodle; noodles; thai kitchen; bar grill; bar centrale; bar sport; bar stazione; bar caffe; pub; gastropub; brewery; brewing; creperie; crepes; churrasqueira; churrascaria; parrilla; asador; marisqueria; cerveceria; tapas; lanchonete; rotisserie; snack bar; wine bar; cocktail bar; chicken wings; fish chips; food truck; snackbar; eetcafe; buffet; curry; tandoori; dim sum; bbq pit; taproom; sandwiches; izakaya; birreria""",
    "coffee": "coffee; cafe; cafes; caffe; kaffee; kaffeehaus; konditorei; espresso; espressobar; cafeteria; koffie; kawiarnia; kahvila; kavarna; roasters; coffeehouse; tea house; tearoom; salon de the; patisserie; pasticceria; pasteleria; gelato; gelateria; eisdiele; eiscafe; heladeria; ice cream; donuts; doughnuts; bagels; bagel; creamery; confeitaria; kafe; kohvik; espresso bar; chocolatier; frozen yogurt; boba",
    "food-delivery": "99food; food delivery; meal delivery; lieferservice; essenslieferung",
    "rent": "rent; monthly rent; miete; loyer; alquiler; kaltmiete; warmmiete; landlord; letting; lettings; huur; aluguel; affitto; arriendo; hyra; husleie; czynsz; apartments; property mgmt; property management; hausverwaltung; wohnungsbau; wohnungsgesellschaft",
    "housing": "comunidad propietarios; comunidad de propietarios; gastos comunidad; charges de copropriete; spese condominiali; vve bijdrage; bostadsrattsforening; brf avgift; felleskostnader; wspolnota mieszkaniowa; spoldzielnia mieszkaniowa; gastos comunes; administracion condominio; hoa; hoa dues; homeowners association; condo fee; condo fees; condominio; copropriete; syndic; hausgeld",
    "mortgage": "mortgage; mtg pymt; home loan; hypothek; baufinanzierung; hypotheek; mutuo; hipoteca; pret immobilier; bolan; kredyt hipoteczny",
    "home-maintenance": "carpet cleaning; carpet cleaners; carpet cleaner; window cleaning; house cleaning; gutter cleaning; chimney sweep; schornsteinfeger; plumber; plumbing; hardware; hardware store; baumarkt; bricolage; ferreteria; ferramenta; bouwmarkt; electrician; elektriker; handyman; roofing; hvac; pest control; lawn care; landscaping; gardener; gartencenter; garden center; garden centre; jardinerie; locksmith; schluesseldienst; klempner; plombier; fontanero; quincaillerie; droguerie; diy store; byggvaruhus; hauswartung",
    "furnishing": "furniture; moebel; mobel; moebelhaus; meubles; muebles; mobili; meubelen; mattress; mattresses; matratzen; furnishings; home decor",
    "electricity": "distribuidora de energia; copel; celpe; coelba; cemig; light sa; energisa; equatorial energia; elektro redes; cpfl; stadtwerke; electricity; strom; abschlag strom; electric; electric company; electric co; power company; power light; electricite; electricidad; energia electrica; luce e gas; energia; elektriciteit; strom abschlag; energie; prad; elnat; edelec; hydro electric",
    "heating": "heating; gas company; natural gas; fernwarme; fernwaerme; heizung; heizoel; heizol; heating oil; propane; chauffage; calefaccion; erdgas",
    "water": "water util; water utilities; water utility dept; water services; water works; waterworks; agua potable; vodovod; vodarny; wodociagi; water company; water utility; water bill; wasserwerke; wasserversorgung; water board; water dept; water department; city water; water district; water sewer; service des eaux; aguas; acueducto; waterbedrijf; acquedotto",
    "utilities": "utility bill; utilities; utility payment; city utilities; public utilities; waste management; republic services; trash service; muellabfuhr; nebenkosten",
    "internet": "broadband; internet; fibre; glasfaser; internet bill; wifi; fibra; fiberoptic",
    "phone": "mobile phone; wireless; mobilfunk; telefonia; phone bill; prepaid mobile; telefonrechnung; handyvertrag; mobiltelefon; telephone; telecom; telecoms",
    "fuel": "tankstelle; tankstellen; petrol; petrol station; gas station; fuel; fuel center; fuel station; fuels; filling station; service station; station service; carburant; carburants; gasolinera; estacion de servicio; distributore; benzina; benzinestation; bensinstation; tankstation; tank station; posto de gasolina; auto posto; combustible; combustiveis; combustivel; stacja paliw; ev charging; charging station; ladestation; ladesaeule; recharge electrique; nafta; gasoline; bensin; petroleum; grifo; autohof",
    "public-transport": "tog; nsb; flytoget; lokaltrafik; kollektivtrafik; komunikacja miejska; dopravni podnik; transporte publico; bilhete unico; bip drive; tarjeta bip; zbiorkom; mpk; mzk; ztm; oyster; metro; subway station; metro card; bus; bus ticket; tram; tramway; transit; railway; train ticket; bahnticket; verkehrsbetriebe; verkehrsverbund; nahverkehr; transports en commun; autobus; cercanias; ferrocarril; tranvia; trenes; ferrovie; monatskarte; fahrkarte; fahrkarten; transport authority; ferry; bahn; rail; rapid transit; jizdenka; bilety",
    "taxi": "taxi; taxis; cab; cabs; cab co; radio taxi; rideshare; carsharing; car sharing; scooter rental; bike share; remis; ride hailing; minicab",
    "parking": "parking; parkhaus; parkplatz; parkschein; park garage; parking garage; parking meter; car park; carpark; parken; tiefgarage; toll; tolls; toll road; tollway; turnpike; peage; peaje; peajes; pedaggio; pedagio; maut; vignette; parcheggio; aparcamiento; estacionamiento; estacionamento; parkering; parkeren; parquimetro; autoroute; autoroutes; autostrada; autopista; stationnement; parc auto; congestion charge; parcmetre; parkometer; parkir",
    "car-maintenance": "autohaus; car wash; carwash; waschanlage; waschstrasse; waschpark; lavage auto; lavado de autos; autolavaggio; autowerkstatt; kfz werkstatt; werkstatt; garage; tyre; tyres; tire; tires; reifen; pneus; neumaticos; gomme; auto repair; auto parts; auto service; oil change; car repair; mot test; hauptuntersuchung; taller mecanico; carrozzeria; car service; auto body; smog check; controle technique; gommista; llantera; autoservice; autocenter",
    "clothing": "clothing; apparel; shoes; shoe store; footwear; schuhe; schuhhaus; chaussures; zapateria; calzature; boutique; fashion; kleidung; vetements; ropa; abbigliamento; menswear; womenswear; sportswear; tailor; jeans; modehaus; lingerie; outfitters; kledij; scarpe; calzados",
    "electronics": "electronics; elektronik; electronique; electronica; elettronica; computers; computer store; elektromarkt; camera store; phone repair; handy shop; electromenager; electrodomesticos",
    "household": "drogerie; drogerija; drogeria; dollar store; household goods; haushaltswaren; homewares; cleaning supplies; variety store; euroshop",
    "shopping": "department store; kaufhaus; grands magasins; outlet; shopping center; warenhaus; thrift store; gift shop; souvenir; souvenirs; jewelry; jewelers; jeweller; jewellers; juwelier; bijouterie; joyeria; gioielleria; schmuck; stationery; papeterie; papeleria; schreibwaren",
    "hobbies": "hobby; hobbies; bastelbedarf; music store; musikhaus; art supplies; craft store; crafts; toy trains; golf shop; golf club; golf course; bike shop; fahrrad; fahrradladen; bicycles; cyclery; fishing tackle; knitting; wolle; sporting goods; ski shop; camping store; modelismo",
    "pharmacy": "prescription; prescriptions; prescription charge; rezeptgebuhr; pharmacy; apotheke; apotheken; pharmacie; farmacia; farmacias; farmacie; drogueria; drogaria; apotheek; apotek; apteka; apteekki; lekarna; drugstore; drug store; chemist; chemists; parafarmacia; parapharmacie; parafarmacie; ljekarna; gyogyszertar; eczane; farmakeio; rx",
    "doctor": "orthodontic; cabinet dentaire; cabinet medical; studio dentistico; studio medico; consultorio medico; consultorio odontologico; gabinet stomatologiczny; zubni ordinace; tandkliniek; eye care; doctor; doctors; dentist; dentistry; dental; dentiste; dentista; zahnarzt; zahnaerzte; orthodontics; orthodontist; tandarts; tandlakare; arztpraxis; arzt; hausarzt; praxis; praxis dr; hospital; clinic; clinica; clinique; klinik; klinikum; krankenhaus; hopital; physio; physiotherapy; physiotherapie; physical therapy; chiropractic; chiropractor; optician; opticians; optiker; optik; opticien; optometry; optical; optica; ottica; medical center; medical centre; medical group; urgent care; pediatrics; dermatology; medico; medecin; dr med; cabinet medical; laboratoire; laboratorio; radiologie; radiology; psychotherapie; therapist; osteopathe; centre de sante; eye care; vision center; podiatry; health center; kinesitherapeute",
    "fitness": "gym; fitness; fitnessstudio; yoga; pilates; crossfit gym; health club; gimnasio; palestra; salle de sport; sportstudio; academia de ginastica; kletterhalle; climbing gym; boulderhalle; schwimmbad; swimming pool; piscine; piscina; hallenbad; freibad; leisure centre; leisure center; sportschool; martial arts; karate; sportverein; silownia; tennis club",
    "streaming": "streaming; video on demand; music streaming; pay tv",
    "games": "video games; videogames; gaming; arcade; videospiele",
    "events": "national lottery; lottery; lotto; lotterie; loteria; loterias; loterie; lotteria; lottoland; euromillions; totocalcio; lottomatica; quiniela; postcode lottery; postcodeloterij; staatsloterij; svenska spel; steam railway; heritage railway; miniature railway; cinema; cinemas; kino; cine; theatre; theatres; theater; theaters; teatro; cinematografo; museum; museums; musee; museo; concert; concerts; konzert; concierto; oper; opera house; philharmonie; zoo; tierpark; aquarium; bowling; ticket office; box office; movie; movies; movie theater; festival; stadium; stadion; amusement park; theme park; freizeitpark; escape room; nightclub; bioscoop; biograf; biljetter; biglietteria; comedy club; art gallery; parque tematico; night club; planetarium",
    "books": "buecherei; bucherei; stadtbuecherei; stadtbucherei; mediatheque; library fines; bookshop; bookstore; books; book store; booksellers; buchhandlung; buchladen; librairie; libreria; livraria; boekhandel; bokhandel; newspaper; newsagent; newsagents; zeitung; zeitschriften; kiosk presse; maison de la presse; magazine; magazines; ksiegarnia; comics",
    "subscriptions": "subscription; abonnement; abo; suscripcion; abbonamento; assinatura; web hosting; domain renewal; cloud storage; vpn; software license",
    "flights": "airlines; airline; air lines; airways; airfare; fluggesellschaft; aerolineas; compagnie aerienne; linhas aereas; flug; in flight; inflight; eurorail; interrail; lineas aereas; passagens aereas; baggage fee",
    "hotels": "hotel; hotels; hostel; motel; inn suites; suites; resort; resorts; albergo; hostal; pension hotel; pousada; posada; parador; gite; chambre d hotes; ferienwohnung; bed breakfast; guest house; guesthouse; lodge; lodging; campground; campingplatz; camping; apartahotel; apart hotel; hoteles; herberge; jugendherberge; auberge; agriturismo; rv park; koa campground",
    "travel": "travel agency; travel agent; reiseburo; reisebuero; agence de voyage; agence de voyages; agencia de viajes; agenzia viaggi; viajes; voyages; reisen; rent a car; car rental; car hire; autovermietung; location de voiture; alquiler de coches; autonoleggio; cruise; cruises; luggage; duty free; passport; esta application; visa application; travel insurance; airport lounge",
    "personal": "hairdresser; hairdressers; hairdressing; hair salon; hair studio; haircut; haircuts; hair cuttery; hair; friseur; friseursalon; coiffeur; coiffure; peluqueria; parrucchiere; cabeleireiro; kapper; frisor; fryzjer; barber; barbers; barbershop; barberia; barbearia; salon; nails; nail studio; nail salon; nagelstudio; beauty salon; kosmetik; kosmetikstudio; cosmetics; cosmetiques; parfumerie; parfuemerie; perfumeria; profumeria; perfumery; day spa; massage; waxing; tanning; tattoo; manicure; estetica; institut de beaute; laundry; laundromat; dry cleaners; dry cleaning; cleaners; reinigung; waescherei; pressing; tintoreria; lavanderia; laverie; launderette",
    "children": "kindergarten; kita; kindertagesstaette; nursery; daycare; day care; childcare; child care; child development; creche; guarderia; babysitter; babysitting; preschool; toys; toy store; toy shop; spielwaren; spielzeug; jouets; jugueteria; giocattoli; kinderopvang; babymarkt; baby store; asilo nido; ecole maternelle; jardin de infantes; brinquedos; forskola; przedszkole; tagesmutter; summer camp; after school",
    "pets": "aquarium supply; aquarium supplies; aquatics; veterinary; veterinarian; veterinaire; veterinario; veterinaria; veterinarios; tierarzt; tierarztpraxis; tierklinik; tieraerztin; dierenarts; vet; vets; animal hospital; animal clinic; vet clinic; veterinary clinic; veterinary hospital; pet clinic; pet store; pet shop; pet supplies; pet supply; pet food; tierbedarf; tierfutter; zoohandlung; animalerie; tienda de mascotas; mascotas; dog grooming; grooming; pet grooming; dog walker; kennel; kennels; djurklinik; petshop; pet hospital; dierenwinkel; hundefutter",
    "education": "university; universitat; universitaet; universite; universidad; universita; universidade; college; tuition; studiengebuehr; semesterbeitrag; school fees; schulgeld; colegio; escuela; ecole; scuola; escola; language school; sprachschule; fahrschule; driving school; auto ecole; autoescuela; musikschule; music school; online course; online courses; student fees; school district; elementary school; high school; academy; tutoring; nachhilfe; volkshochschule kurs; bildung; bootcamp course; hogeschool; universiteit; textbooks; autoscuola",
    "insurance": "insurance; lebensversicherung; versicherung; versicherungen; haftpflicht; haftpflichtversicherung; hausratversicherung; kfz versicherung; krankenversicherung; krankenkasse; assurance; assurances; seguro; seguros; assicurazione; assicurazioni; verzekering; verzekeringen; forsakring; forsikring; ubezpieczenie; ubezpieczenia; mutuelle; mutua; zorgverzekering; vakuutus; insur; ins prem; insurance premium; life ins; vorsorge; polizza; poistenie; pojistovna",
    "gifts": "flower barn; flower market; flower; blumenladen; floristeria; floricultura; fleuriste; fioraio; bloemenwinkel; kwiaciarnia; kvetinarstvi; donation; donations; donate; spende; spenden; donativo; donacion; donazione; donatie; doacao; charity; charitable; foundation; tithe; kirche; gofundme donation; florist; florists; flowers; flower shop; blumen; blumenhaus; fleuriste; fleurs; floristeria; floreria; fiorista; floricultura; bloemen; gift card; gift cards; geschenk; geschenke; fundraiser; hilfswerk; food bank; blomster; iglesia; kwiaciarnia; bloemist",
    "taxes": "beitragsservice; rundfunkbeitrag; redevance audiovisuelle; canone rai; radiotjanst; council tax; tax payment; income tax; property tax; estimated tax; tax board; treasurer; tax collector; dept of revenue; department of revenue; steuer; steuern; kfz steuer; grundsteuer; einkommensteuer; impots; impot; taxe fonciere; taxe d habitation; impuesto; impuestos; ibi; tributos; imposte; f24; imposto; gemeentebelasting; gemeentelijke belastingen; skatt; podatek; us treasury; tax prep; gerichtskasse; urssaf; predial; iptu; ipva; vehicle tax; dmv",
    "bank-fees": "late fee; late payment fee; returned payment fee; annual card fee; card replacement fee; cash advance fee; balance transfer fee; mahngebuehr; mahngebuhr; rucklastschriftgebuhr; commission d intervention; recargo por mora; overdraft item fee; nsf item fee; returned item fee; insufficient funds fee; stop payment fee; foreign atm fee; wire fee; comision mantenimiento; frais de tenue de compte; oplata za prowadzenie; comision de administracion; cuota de manejo; tarifa bancaria; canone mensile; rachunek prowadzenie; account fee; monthly fee; monthly service fee; monthly service charge; monthly maintenance fee; maintenance fee; bank service charge; account service charge; kontofuhrung; kontofuhrungsgebuhr; kontofuehrung; kontofuehrungsgebuehr; kontogebuehr; bank charge; bank charges; bank fee; bank fees; overdraft fee; overdraft charge; nsf fee; returned item fee; insufficient funds fee; foreign transaction fee; intl transaction fee; international transaction fee; wire fee; wire transfer fee; atm fee; card fee; annual fee; annual membership fee; late fee; entgelt; kontoentgelt; abschluss entgelt; frais bancaires; frais de tenue de compte; cotisation carte; commission d intervention; comision; comisiones; comision mantenimiento; commissioni; spese tenuta conto; canone conto; canone mensile; bankkosten; gebuehren; gebuhren; tarifa bancaria; tarifa pacote; anuidade; cuota de manejo; bankavgift; oplata za prowadzenie; cash advance fee; stop payment fee; paper statement fee; atm operator fee; transaction fee",
    "interest-paid": "interest charged; sollzinsen; overdraft interest; interest charge; purchase interest; interest charge on purchases; cash advance interest; finance charge; agios; interets debiteurs; intereses deudores; interessi passivi; debetrente; juros; dispozinsen; uberziehungszinsen; loan interest",
    "cash": "atm; atm withdrawal; atm cash withdrawal; cash withdrawal; geldautomat; bargeldauszahlung; bargeldabhebung; barabhebung; auszahlung geldautomat; bancomat; cashpoint; cash machine; retrait; retrait dab; retrait gab; geldautomaat; geldopname; cajero; cajero automatico; retiro cajero; retiro efectivo; retirada efectivo; disposicion efectivo; reintegro; prelievo; prelievo bancomat; saque; levantamento; uttag; bankomat; wyplata; kontantuttag; minibank; otto automaatti; cash wdl; withdrawal cash; multibanco levantamento; link withdrawal; vyber",
    "salary": "salary; payroll; wages; wage; direct dep; direct deposit; paycheck; pay check; gehalt; gehaltszahlung; lohn; lohn gehalt; salaire; salaires; paie; nomina; nominas; sueldo; sueldos; haberes; remuneraciones; stipendio; emolumenti; salaris; salario; vencimento; ordenado; palkka; lon; lonn; bezuge; besoldung; wynagrodzenie; vyplata; mzda; netpay; gusto pay; adp payroll; paychex; adp; wynagr; loonbetaling; aguinaldo; munkaber; salariu; maas odemesi",
    "bonus": "bonus; annual bonus; bonuszahlung; weihnachtsgeld; urlaubsgeld; tantieme; prime annuelle; vakantiegeld; gratifikation",
    "self-employment": "honorar; honoraires; honorarios; freelance; consulting fee; upwork; fiverr; stripe payout; stripe transfer; square inc payout; doordash dasher; dasher pay; uber driver; gewerbe einnahme; invoice payment received; toptal",
    "interest": "interest paid; interest payment; interest earned; interest credit; savings interest; gross interest; net interest; interest; int paid; zinsen; habenzinsen; zinsgutschrift; intereses; abono intereses; interets; interets crediteurs; interessi; interessi attivi; juros recebidos; rente op spaargeld; creditrente; ranta; renter; odsetki; kamatjovairas; korko",
    "dividends": "dividend; dividends; dividende; dividenden; dividendo; dividendos; dividendes; dividendi; ausschuttung; utdelning; utbytte; dywidenda; cash div; ordinary div; div payment",
    "pension": "pension; pensions; rente; rentenversicherung; altersrente; deutsche rentenversicherung; retraite; pension retraite; social security; ssa treas; soc sec; dwp state pension; state pension; pensione; inps pensione; jubilacion; aposentadoria; aow; pensioen; elakkeet; elake; emerytura; carsat; cnav; agirc arrco; annuity; alterspension",
    "benefits": "kindergeld; child benefit; universal credit; elterngeld; unemployment; unemployment ins; wohngeld; arbeitslosengeld; bundesagentur fuer arbeit; bundesagentur fur arbeit; jobcenter; familienkasse; caf; allocations familiales; pole emploi; france travail; cpam; prestacion; sepe; subsidio; sussidio; assegno unico; naspi; kinderbijslag; uwv; uitkering; barnbidrag; forsakringskassan; disability benefit; jobseekers; stimulus; tax credit; ui benefit; va benefit; housing benefit; carers allowance; rodzina 800; kela; nav ytelse; bolsa familia; bafoeg; bafog",
    "rental-income": "rental income; mieteinnahme; mieteinnahmen; rent received; rent income; loyers percus; alquiler recibido",
    "refunds": "refund; refunds; erstattung; ruckerstattung; rueckerstattung; rueckzahlung; ruckzahlung; gutschrift storno; remboursement; rembt; reembolso; devolucion; estorno; rimborso; terugbetaling; restitutie; cashback; cash back; cash back reward; rewards redemption; statement credit; chargeback; tax refund; tax ref; aterbetalning; zwrot; reimbursement; rebate; purchase return; merchandise return",
    "card-payment": "credit card payment; card payment thank you; payment thank you; thank you payment; payment received thank you; mobile payment thank you; autopay payment thank you; kreditkartenabrechnung; kreditkartenabrechnungen; card repayment; credit crd autopay; credit crd epay; crd autopay; card autopay; crcardpmt; amex epayment; american express ach; discover e payment; citi card online; citicard payment; card srvc payment; cardmember serv; barclaycard payment; autopay payment; liquidacion tarjeta; pago tarjeta de credito; pago de tarjeta; reglement carte; addebito carta; capital one mobile pmt; capital one online pmt; pagamento fatura; fatura cartao; card pymt; applecard gsbank; paiement carte credit",
    "savings-transfer": "to savings; savings transfer; transfer to savings; to sav; from savings; from sav; sparen; sparplan; spareinlage; epargne; virement epargne; ahorro; ahorros; risparmio; sparande; spaarrekening; tagesgeld; livret a; poupanca; keep the change; round up transfer; roundup savings; cofrinho",
    "investment-transfer": "wertpapierkauf; wertpapiersparplan; etf sparplan; brokerage; investment account; compra de acciones; ordre de bourse; compra valores; achat titres; roth ira; ira contribution; stocks shares isa",
    "loan-repayment": "loan repayment; loan payment; loan pymt; loan pmt; auto loan; car loan; student loan; student ln; darlehen; darlehensrate; kreditrate; ratenkredit; remboursement pret; echeance pret; cuota prestamo; prestamo; rata prestito; rata kredytu; prestito; aflossing lening; lanbetalning; emprestimo; parcela emprestimo; ratenzahlung",
    "transfer": "internal transfer; own account; umbuchung; transfer between accounts; account transfer; ubertrag; uebertrag; virement interne; traspaso; traspaso interno; giroconto; eigen rekening; own transfer; overforing egen konto; eigenes konto",
}  # fmt: skip

# Ends of compound words that say the kind of shop: a "Zahnarztpraxis" is a "praxis".
COMPOUNDS = {
    "doctor": "praxis; zahnarzt; kliniken; tandvard; tannlege; tandlage; laegehus",
    "pharmacy": "apotheke; apotheek; apotek; apteekki",
    "coffee": "baeckerei; backerei; konditorei; bakkerij; bageri; bageriet; rosterei; roesterei",
    "groceries": "metzgerei; fleischerei; slagerij; hofladen; supermarkt; getraenkemarkt; "
    "getrankemarkt; biomarkt",
    "restaurants": "restaurant; restaurang; gasthof; gasthaus; wirtshaus; pizzeria; eisdiele",
    "fuel": "tankstelle; tankstellen; tankstation; bensinstation",
    "car-maintenance": "werkstatt; autohaus; reifenservice; bilverksted; bilverkstad",
    "books": "buchhandlung; boekhandel; bokhandel",
    "insurance": "versicherung; versicherungen; verzekering; verzekeringen; forsakring; forsikring",
    "education": "fahrschule; musikschule; volkshochschule; sprachschule; rijschool; korskola",
    "fitness": "fitnessstudio; schwimmbad; sportverein; turnverein",
    "personal": "friseur; frisoer; friseursalon; kosmetikstudio; nagelstudio",
    "pets": "tierarztpraxis; tierklinik; dierenkliniek",
    "furnishing": "moebelhaus; mobelhaus",
    "parking": "parkhaus; tiefgarage; parkeergarage",
    "children": "kindergarten; kindertagesstatte; kindertagesstaette; kinderopvang; barnehage",
    "cash": "geldautomat; bankomat",
}

# Departments: words that count only next to a store's name ("COSTCO GAS", "TESCO MOBILE").
DEPARTMENTS = {
    "fuel": "gas; gas bar; gasoline; tank; pfs; station; essence; benzin",
    "pharmacy": "health; parapharmacie; para",
    "doctor": "optical; optic; optique; hearing; vision",
    "phone": "mobile; mobil; connect; talk; telecom",
    "insurance": "insur; protect",
    "travel": "travel; reise; holidays; voyage; viagens",
    "groceries": "fresh; grocery; groceries; supermarket; food; foodhall; supercenter",
    "car-maintenance": "auto; autocenter; tire center; tyre",
}

# Payments between people: for money received the kind is known, for money sent only the memo says.
BETWEEN_PEOPLE = """
    venmo; zelle; cash app; cashapp; square cash; paypal friends; bizum; twint; mobilepay; swish;
    vipps; blik na telefon; pix; tikkie; lydia; paylib; wero; popmoney; apple cash; facebook pay;
    interac e transfer; yape; nequi; daviplata; satispay"""

# Phrases in which a word above means something else.
MISLEADING = """
    atm deposit; cash deposit; metro bank; water park; business school; public works; boot camp;
    orange county; shell beach; shell game; ace hotel; direct deposit reversal; rent a center;
    interest rate; west coast; bus pass photo; target marketing; college ave; college avenue;
    college st; university ave; university avenue; park hotel garage; cape cod; coffee county"""

# Brands of one word that is also an ordinary word, a place or a person's name. In a sentence they
# count only with a second piece of evidence: "SHELL 4711", "Shell, Berlin", not "Shell collection".
AMBIGUOUS = """
    acorns admiral adobe affirm allegro alinea amazon anthem apple aral argos arriva asisa audible
    aurora avia axis barmer blim blokker bolt boots booths bose boulanger bowlero carrefour carters
    chase clarks coles consum continente coop costa costco culvers curry dell denner divvy dobbies
    domino dyson electra emo enel engie eni entergy ergo esquire essent etos eventim express fabletics
    figma flink flogas foyles gails gemo generali gorillas gucci hallmark hardees harrods hema hertz
    hilton hofer hooters humana hunter icloud indrive ipsy izzi jumbo kaufland kindle kmart kobo
    lakeland laya leclerc lefties levis lego lemonade linio logitech lovefilm marriott marshalls
    maxima medium metro miles mint monro myer napa navigo neste netto next nike norton notion opus
    oxford patreon peacocks peloton perry picard plume potbelly prime profi purple regal reiss rex
    rona sams schuh schwab sears sego shell sixt slack sling sonder spar speedway sprouts stash
    staples starz steam strava stub substack subway sweetwater takko target toom tui turo twitch uber
    upstart vanguard verbund vinted vivint voi warta wellness wendys wiggle willys wish zara zoom
    zeeman woot wawa mohela goodyear firestone thalia sephora alexa leon marathon"""

# How a card payment begins, on a till's or a bank's line.
CARD_WORDS = """
    pos card checkcard visa mastercard maestro contactless purchase kartenzahlung girocard ec cb
    carte tarjeta bea sq tst sumup zettle izettle paypal pp debit"""

# What stands between a chain's name and a store's number.
BRANCHES = """
    fil filiale filial branch outlet sucursal suc tienda magasin winkel sklep negozio butik store
    stores shop station nr no posto estacion stacja"""

# Words that name nobody: how it was paid and legal forms.
NOISE = """
    pos ach debit credit card checkcard visa mastercard maestro contactless purchase payment
    pay paypal pp sq tst sp sumup zettle izettle klarna stripe www com net sepa lastschrift
    kartenzahlung kauf achat cb carte paiement prlv compra tarjeta pago recibo pagamento addebito
    betaling bea ec girocard gmbh ag kg ltd limited inc llc plc sa sas srl spa bv nv ab oy as zoo
    ref nr id date on to the store stores shop online recurring bill invoice rechnung facture
    direct dd autopay sagt danke dankt entertainment centro express inside outside factory topup"""

# Countries and their codes, states of the US, and large cities, word by word.
PLACES = """
    de fr es it nl co uk us usa at ch be ie pl se no dk fi pt br mx ca au eu al ak az ar ct fl ga
    hi ia il in ks ky la ma md me mi mn mo ms mt nc nd ne nh nj nm ny oh ok or pa ri sc sd tn tx
    ut va vt wa wi wv wy dc germany deutschland france espana spain italia italy polska poland
    ontario london manchester birmingham leeds glasgow edinburgh bristol liverpool newcastle
    nottingham sheffield cardiff belfast leicester coventry dublin cork berlin hamburg muenchen
    munchen munich koln koeln frankfurt stuttgart dusseldorf duesseldorf leipzig dresden hannover
    nuernberg nurnberg bremen essen dortmund bonn mannheim karlsruhe paris lyon marseille toulouse
    nice nantes bordeaux lille strasbourg rennes montpellier madrid barcelona valencia sevilla
    malaga zaragoza bilbao murcia roma rome milano milan torino napoli bologna firenze genova
    palermo verona amsterdam rotterdam utrecht eindhoven den haag groningen bruxelles brussel
    antwerpen gent wien vienna graz linz salzburg zurich zuerich geneve bern basel lausanne lisboa
    porto stockholm goteborg malmo oslo bergen kobenhavn aarhus helsinki tampere warszawa krakow
    wroclaw gdansk poznan lodz katowice praha brno bratislava budapest bucuresti sofia zagreb
    ljubljana athens new york los angeles chicago boston seattle houston dallas austin denver miami
    atlanta portland springfield phoenix philadelphia san antonio diego jose francisco columbus
    charlotte indianapolis detroit memphis nashville louisville baltimore milwaukee albuquerque
    tucson fresno sacramento las vegas kansas city omaha oakland minneapolis tulsa tampa orlando
    cleveland cincinnati pittsburgh st saint louis paul brooklyn bronx queens newark buffalo
    raleigh richmond toronto montreal vancouver calgary ottawa sydney melbourne brisbane perth
    cdmx ciudad mexico guadalajara monterrey puebla santiago bogota medellin cali lima quito
    buenos aires sao paulo rio janeiro brasilia salvador curitiba"""

# Words of sentences and of what people do together: beside one of them a brand that is also an
# ordinary word is no merchant, even in capitals ("TARGET PRACTICE").
SENTENCE = """
    a an and for from with of my our your is it we you und mit fur fuer von vom zum zur ein eine
    et avec pour des du y con para del los por e per un una met voor van i z dla od och med
    practice game games night trip fund share party club gift raffle bet fee range group support
    seminar reunion expedition river hike picking pie juice contest skiing diving week weekend
    year month day birthday geburtstag wedding deposit dinner lunch ticket tickets collection
    practise lesson lessons training league team match race tour festival concert friends family
    school class camp church choir band memorial donation offering fundraiser charity loan rent
    miete loyer alquiler affitto huur czynsz regalo cadeau cadeautje geschenk fest feier reise
    ausflug viaje voyage fiesta merch lounge jet sea pack cutters hiking himmelblau thoughts tales
    story stories book books plan project due amount summary subtotal balance geld money danke
    thanks thank"""

# Trades without a category of ours: behind a brand they make it the name of another business.
TRADES = """
    solicitor solicitors attorney attorneys lawyer lawyers law legal notary notaire notar
    notario rechtsanwalt rechtsanwaelte avocat avocats abogado abogados avvocato advocaat
    accountant accountants accounting bookkeeping steuerberater steuerberatung comptable
    contador consulting consultants contractor contractors contracting construction
    bauunternehmen builders architect architects architekten engineering engineers ingenieure
    realty realtor realtors immobilien immobilier inmobiliaria immobiliare funeral mortuary
    cemetery bestattungen pompes funerarias photography photographer photographers fotografie
    alarms alarm movers moving towing logistics logistik spedition staffing recruitment
    recruiting advertising werbung druckerei imprimerie imprenta publishing verlag therapy
    counseling counselling coaching guides expeditions safari safaris charters supply supplies
    industries manufacturing fabrication welding schlosserei schreinerei tischlerei zimmerei
    dachdecker maler malermeister painting painters repair repairs tuning
    lessons lesson society association rink workshop flooring paving masonry carpentry upholstery
    cleaning vineyard vineyards winery foundation ministries congregation synagogue mosque"""

# Where a chain's branch may be: no other business, though they name one.
SITES = """
    hospital hospitals klinik klinikum krankenhaus hopital clinic university universitat
    universitaet universite universidad universita universidade college campus school metro bus
    bahn rail tram hotel resort station museum zoo theatre theater cinema stadium stadion arena
    airport ferry garage library"""

# Behind a brand they go on with another business's name: "X and Sons", "X of Y".
JOINING = "and und et y of"

# What people pay each other for, and whom: beside one of these a brand is no merchant at all.
OCCASIONS = """
    birthday wedding anniversary christening funeral party raffle kitty fund funds gift present
    share shares fundraiser night tickets cottage float reunion biography mug sensor
    geburtstag hochzeit geschenk taufe feier anteil mitbringsel ausflug klassenfahrt
    anniversaire mariage cadeau part cagnotte cumpleanos boda regalo regalos cuota fiesta
    compleanno matrimonio quota festa verjaardag bruiloft cadeautje urodziny wesele prezent
    aniversario casamento presente bursdag fodelsedag syntymapaiva lahja
    mum mom mummy dad daddy mama papa mutti vati gran granny grandma grandpa nan oma opa nonna
    nonno abuela abuelo mamie papi tante onkel auntie aunt uncle
    mr mrs ms mx herr herrn frau sra senor senora mme monsieur madame dhr mevr pan pani"""

# How people address each other in a payment's text: a brand beside unknown words is no merchant.
ADDRESSING = """
    from with for my our your their his her mit fur fuer von vom avec pour con para per met voor
    dla med till and und et"""

# Names of payments between accounts: a brand counts if the payee has no other name beside it.
TRANSFERS = """
    transfer transferencia transferencias trasferimento bonifico przelew virement vir overboeking
    ueberweisung uberweisung gutschrift swish zelle venmo mobilepay bizum blik pix tikkie vipps
    twint standing order dauerauftrag traspaso overforing tilisiirto siirto prevod prijenos"""

# What only companies' lines say: then a name beside the brand is its own.
COMPANY_WORDS = """
    gmbh ag ltd limited inc llc plc spa srl bv nv sas sarl kg oyj asa aps ug lda ltda sau
    invoice bill rechnung rechnungsnr kundennummer kundennr kdnr vertrag mandat facture contrat
    recibo factura contrato bolletta fattura factuur klantnr faktura fatura boleto contract
    account customer policy premium abschlag beitrag"""

# Brands that are also people's first or last names: of two words in capitals the other may be
# the rest of the name, so capitals are no evidence.
NAMES = """
    admiral alexa anthem asisa aurora barmer carters chase clarks costa curry dell denner domino
    dyson elisa emo engie eni etos gail gap hallmark hilton hofer hunter irma izzi jumbo leclerc
    leon marshalls max maxima meo miles mint monro myer next norma norton otto oxford penny
    perry picard plume potbelly prime purple regal reiss rex rona sam sams schuh schwab sephora
    sky tim toom tui uber vivint warta wendys wish zara zoom"""

# Common given names: right before a brand at the end of a line they make it a family name.
GIVEN_NAMES = """
    aaron abigail adam agnieszka ahmed aisha alain alan alba albert alberto alejandro
    aleksandra alessia alex alexander alexis ali alice alistair alois alvaro amanda amber amit
    amy ana anders andrea andreas andrew andrzej angel angela angelo anja ann anna anne annie
    anouk anthony antje antoine antonio archie arne arthur ashley astrid aurelie austin axel
    ayse baptiste barbara barry bartosz beata beatriz becky ben bengt benjamin bernard bernd
    beth bettina betty beverly billy birgit bjorn bob bobby bram brandon brenda brian brigitte
    britta brittany bruce bruna bryan callum cameron camila camille carl carlos carmela carmen
    carol carolyn carrie catherine cathy celine charles charlie charlotte cheryl chiara chloe
    chris christina christine christophe christopher claire claudia claudine clement clive
    colette colin connor corinne cornelia craig cristina cynthia daan dagmar damian dan daniel
    danielle daphne darren david dean debbie deborah debra denise dennis denny derek diana
    diane diego dieter dmitri dolores domenico dominic dominik donald donna doris dorota
    dorothy douglas duarte duncan dylan eddie edith edward egon eleanor elena elijah elizabeth
    elke ella ellie elliot elodie elsie emil emily emma enric enrico eric erik erika erna
    ernest ernst esther ethan ethel euan eva evelyn evie ewa fabian fatima federica felipe
    felix femke fergus fernando fiona fleur florian frances francesca francesco franco francois
    francoise frankie franz freddie freja freya frieda fritz gabriel gary gavin geir gemma
    geoff george georgina gerald geraldine gerd gerhard gianni gina giorgia giovanni gisela
    giulia giuseppe glenn gloria grace graham gregory greta grzegorz guenter guillaume gunter
    gustav gustavo gwen hakan hamish hannah hanne hans harold harriet harry hartmut hazel
    heather hedwig heidi heike heiko heinz helen helga helmut henrik henry hermann hilda hilde
    holger horst howard hugh hugo ian ilaria ilse imogen ines inge ingrid irina iris irmgard
    isabel isabella isabelle isla ivan ivana ivy iwona jack jackie jacob jacqueline jake jakub
    james jamie jan jane janet janice jason javier jeffrey jen jennifer jens jeremy jerry jerzy
    jesper jess jesse jessica jesus jill jim joan joanna joao joaquim joe joel johan johanna
    john johnny jolanda jonas jonathan jonny joost jordan jordi jorge jorn jose josef josefa
    joseph josephine josh joshua joyce jozef juan judith judy juergen jules julia julie julien
    juliette june jurgen justin kai kalle kamil karen karl kasia kate katerina katherine
    kathleen kathrin kathryn katie katja katrin kayla kees keith kelly ken kenneth kerry kevin
    kieran kim kimberly kirsten kirsty klaus knut krystyna krzysztof kurt kyle laia larissa
    larry lars laura lauren laurent lawrence lea leah leanne lee leif leila lena lennart leo
    leonie leopold lewis liam lily linda lisa lise liv liz logan lorenzo lori lotte louis
    louise lucia lucie lucy ludwig luigi luis lukas lukasz luke lynn maarten mabel madison
    magdalena magnus maisie maja malcolm malgorzata mandy manfred manon manuel mara marcel
    marcin marco marcus marek margaret margaux margot maria marian marie marilyn marina mario
    marlene marta martha martin mary mathieu matt matteo matthew matthias maureen maurice
    maxime meg megan mehmet melissa mette michael michal michel michelle miguel mikael mike
    milan millie miriam mohamed mohammed molly monika monique morgan moritz nadine nancy naomi
    natalia natalie nathalie nathan neil nell nicholas nick nicolas nicole nigel niklas nils
    nina noah noel noemie nora norah norman nuria ole olga oliver olivia olivier omar oscar
    otmar owen pablo pam pamela paolo patricia patrick pau paul paula pauline pawel pedro peggy
    penelope percy peter petra philip philippe phoebe phyllis pia pierre piet pietro pilar
    piotr poppy preben priya rachel rafael rainer raj ralph randy raquel raul raymond rebecca
    reece reinhard renata renate rene rhys richard ricky rita robert roberto robin roger rolf
    ron ronald ronny rory rosa rosemarie rosie rowan ruby rudolf rui rune rupert russell ruth
    ryan sabine sally salvatore sam samantha samuel sander sandra sanne sara sarah scott sean
    sebastian sem sergei sergio sharon sheila shirley siegfried sigrid sigurd silke silvana
    silvia silvio simon sofia solveig sophia sophie stanislaw stefan stefano stella stephanie
    stephen steve steven stewart stig stuart sue susan sven svenja svetlana sylvia sylvie
    tadeusz tanja tara tatjana ted teresa terry thelma theo theodore thiago thibault thomas
    tiago tim timothy tina tobias toby tom tomasz tony torsten tove tracy trevor tyler ulf ulla
    ulrich ursula ute uwe vera vernon vicky victoria viktor vincent vincenzo virginia vitor
    vivian walter warren wayne wendy werner wesley wiebke willem william willie winnie wolfgang
    xaver yusuf yvonne zachary zoe zofia zosia zuzana"""

# Kinds of shop that are family names too.
FAMILY_NAMES = """
    burger curry barber butcher tailor gardener lohn reisen metro cab rail"""
