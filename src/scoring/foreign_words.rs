//! Small words of languages that the model has not learned, as the tokeniser spells them (lower case, no accents).
//! English words and common English slang that look the same are left out. Called by `abstain`.

/// Words that tell, language by language; a word of several languages stands with the first.
#[rustfmt::skip] // a table: one language a line
pub(super) const FOREIGN: [&str; 19] = [
    // Spanish
    "ahora antes ayer cada como cuando desde dinero donde es ese eso esta estan estoy favor fue gracias hablar hace hacer han hasta hay hola hoy lo mas mis misma mismo muchas muy nada nadie necesito nos nunca otra otro para pedido pero por porque puede puedo que quien quiere quiero siempre sobre su tambien tengo tiene toda todavia todo una usted ustedes veces vez voy yo",
    // French
    "au aucun aussi aux avec avez avoir beaucoup bien bonjour ce cette chez comme dans depuis deux elle encore est ete etre faire fait fois ils jamais je leur mais merci mes mon ne nous par parler pas personne peut peux pour quand recu rien sans ses sont suis sur toujours tous tout toute tres un une veux votre voudrais vous",
    // German
    "aber auch auf bei bitte dank dann das dem doch ein eine einem einen euch fur geht gestern guten habe hallo heute ich ihr ihre immer ist jetzt kann kein keine kommt konnen mehr mein meine mir mochte morgen nach nicht nichts niemand noch nur oder schon sehr sein seit sie sollte uber und vielen vom warum wenn werden wie wieder wir wird wo wurde zu zum zur",
    // Portuguese
    "agora ainda ao aqui com depois dia duas estou falar foi hora isso ja mesmo meu meus minha minhas muito nao nas ninguem obrigada obrigado ola onde pela pelo preciso quando quero sempre ser seu sua tem tenho uma vezes voce vou",
    // Italian
    "abbiamo alla allo anche ancora arrivato buongiorno casa che ciao cosa dal dalla degli dei della delle devo dove due essere gli grazie hanno il mai mia mille mio molto nel nella nessuno non ogni perche piu questa questo sono stata stato sto subito sulla vi voglio volta vorrei",
    // Dutch
    "aan bedankt bij dat dit een geen goedemorgen graag heb hebben het hoe ik jullie kan krijg kunt maar met mij mijn mijne moet naar niet nog ook op steeds uit uw voor waarom wanneer wel werd wil worden wordt zeg zijn",
    // Polish
    "ale bardzo bylo chce czy dla dlaczego dobry dziekuje dzien gdzie jak jest jeszcze juz kiedy mam moj moje nie nikt od pani prosze przez przy rozmawiac tak tylko wszystko za",
    // Turkish
    "ama bana ben benim bir bu cok daha degil geri gibi hala hic icin iki ile istiyorum kadar kez kimse lutfen merhaba nasil neden once sonra ve yok",
    // Swedish
    "ar att av det ett har hej hjalp inte jag mina mycket och som tack till vill",
    // Danish and Norwegian
    "dig ikke jeg med mig til",
    // Romanian
    "acum buna cu este foarte imi mea mult multumesc nici pentru sunt vreau ziua",
    // Indonesian
    "ada anda apa banyak belum bisa dan dengan halo ingin ini itu juga kasih lagi masih mau saya sudah terima tidak untuk yang",
    // Finnish
    "ei haluaisin kiitos kun miksi minun mutta ole olen paljon tai tama vain",
    // Vietnamese
    "chao chua cua duoc gio khong muon ngay noi rat toi xin",
    // Tagalog
    "ako ang hindi mga rin salamat",
    // Hungarian
    "csak egy hogy kerem koszonom mar meg nem szeretnem",
    // Czech
    "chci jeste jsem mluvit moc neni proc prosim uz vasi",
    // Croatian
    "gdje hvala jos kada molim nije",
    // Catalan
    "aixo amb aquest els encara gracies molt perque rebut",
];

/// Words that names of people and places have too: they tell only beside others.
pub(super) const PARTICLES: &str = "da de del der des di dos du el la las le les los san von";
