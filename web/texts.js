// Every text of the page itself, by language. To add a language, copy one block and translate its right-hand sides.

const TEXTS = {
  en: {
    study: "Study",
    step: "Step {step} of {steps}",
    completed: "Completed",
    loading: "Loading the study…",
    submit: "Submit",
    tryAgain: "Try again",
    tryOnceMore: "Try once more",
    goOn: "Go on",
    saving: "Saving your answers…",
    saved: "Your answers are saved.",
    notSavedYet: "Not saved yet. Your answers are kept on this device; trying again…",
    offline: "You are offline. Nothing is lost: this page goes on by itself when you are back online.",
    noAnswer: "The study does not answer. Trying again…",
    refusedAnswers: "Your answers could not be saved: {reason}",
    noFiles: "Files cannot be handed in here.",
    missingAnswer: "An answer is missing: {name}",
    tooLarge: "Your answers could not be saved: they are too long. Please shorten them.",

    waitTitle: "Getting your game ready",
    waitUsual: "This usually takes about {time}. Please keep this page open: the game begins here by itself.",
    queued: "You are in the queue for a game server of your own.",
    starting: "Your game server is starting.",
    almostThere: "Almost there: your game server is getting its name.",
    waited: "You have waited for {time}.",
    waitLong: "It takes longer than usual. Your answers are saved; you can wait, or come back later with the same link.",
    seconds: "{count} seconds",
    minute: "a minute",
    minutes: "{count} minutes",

    failedTitle: "The game could not be started",
    failedText: "Your answers so far are saved.",
    failedRetry: "You can try once more.",
    failedFinal: "Please tell the people who sent you here.",
    contact: "Contact: {contact}",
    endedTitle: "The game has ended",
    endedText: "The time for the game is over. You can go on with the study.",

    gameTitle: "The game",
    gamePicture: "The picture of the game",
    gamePictureOf: "Picture {id} of the game",
    gamePictureLeftOut: "(picture, {bytes} bytes)",
    gameConnecting: "Connecting to the game…",
    gameLost: "The connection to the game was lost. Trying again…",
    gameGone: "The game cannot be reached any more.",
    gameLeave: "Go on without the game",
    gameLeaveSure: "The game will be over for you, and the study goes on. Do you want that?",
    gameOver: "The game is over.",
    gameReady: "Ready. Press Start when you are.",
    gamePaused: "Paused.",
    gameSteering: "Steering",
    gameCommands: "Game",
    gameSliders: "Settings",
    gameFrameRate: "Frames per second",
    gameFrameRateSet: "Set",
    gameBudget: "budget",
    gameBudgetUsed: "{used} of {total} used",
    gameKeys: "On a keyboard: {keys}.",
    gameKeysSteer: "hold {arrows} to steer",
    gameKeysFire: "space to fire",
    gameKeysStart: "space to start or pause",
    gameKeysAll: "your keys go to the game",
    gameKeySpace: "space",
    gameConfirm: "Are you sure?",
    gameCancel: "Cancel",
    gameEndSure: "Do you want to end the game? You cannot come back to it.",
    gameKeepPlaying: "Keep playing",
    gameMessages: "Messages of the game server",
    gameMessagesIn: "In",
    gameMessagesOut: "Out",
    gameButton: "Button",
    gameButton_left: "Left",
    gameButton_right: "Right",
    gameButton_up: "Up",
    gameButton_down: "Down",
    gameButton_leftUp: "Left and up",
    gameButton_rightUp: "Right and up",
    gameButton_leftDown: "Left and down",
    gameButton_rightDown: "Right and down",
    gameButton_fire: "Fire",
    gameButton_start: "Start",
    gameButton_pause: "Pause",
    gameButton_stop: "End the game",
    gameButton_end: "End the game",
    gameButton_reset: "Next attempt",
    gameButton_fpsUp: "Faster",
    gameButton_fpsDown: "Slower",

    refusedTitle: "You cannot take part just now",
    refused_full: "This study has as many participants as it needs. Thank you for your interest.",
    refused_closed: "This study is closed. Thank you for your interest.",
    refused_mobile: "This study does not work on a phone or tablet. Please open the same link on a computer.",
    refused_narrow: "The window is too narrow for this study. Please make it wider, then try again.",
    refused_recruiterIdMissing: "This link is not complete. Please open the study from the page that offered it to you.",
    refused_linkInvalid: "This link is not valid. Please use the whole link that you were given.",
    closedTitle: "This study is not open",
    closedText: "It was not found, or it is closed at the moment. Please check the link.",
    noStudyTitle: "No study named",
    noStudyText: "This link is not complete. Please use the whole link that you were given.",
    wrongTitle: "Something went wrong",
    brokenText: "This page of the study cannot be shown. Your answers so far are saved. Please tell the people who sent you here.",
    missingTitle: "A page is missing",
    missingText: "This page of the study could not be found. Your answers so far are saved. Please tell the people who sent you here.",

    completionTitle: "Your completion code",
    completionButton: "Complete the study",
    copy: "Copy",
    copied: "The code is copied.",
    copyByHand: "The code is marked: copy it with your keyboard or menu.",
  },

  fr: {
    study: "Étude",
    step: "Étape {step} sur {steps}",
    completed: "Terminé",
    loading: "Chargement de l’étude…",
    submit: "Envoyer",
    tryAgain: "Réessayer",
    tryOnceMore: "Essayer encore une fois",
    goOn: "Continuer",
    saving: "Enregistrement de vos réponses…",
    saved: "Vos réponses sont enregistrées.",
    notSavedYet: "Pas encore enregistré. Vos réponses sont gardées sur cet appareil ; nouvel essai…",
    offline: "Vous êtes hors ligne. Rien n’est perdu : la page continuera d’elle-même dès le retour du réseau.",
    noAnswer: "L’étude ne répond pas. Nouvel essai…",
    refusedAnswers: "Vos réponses n’ont pas pu être enregistrées : {reason}",
    noFiles: "L’envoi de fichiers n’est pas possible ici.",
    missingAnswer: "Il manque une réponse : {name}",
    tooLarge: "Vos réponses n’ont pas pu être enregistrées : elles sont trop longues. Raccourcissez-les.",

    waitTitle: "Votre jeu se prépare",
    waitUsual: "Cela prend en général environ {time}. Gardez cette page ouverte : le jeu y commencera de lui-même.",
    queued: "Vous êtes dans la file d’attente pour un serveur de jeu à vous.",
    starting: "Votre serveur de jeu démarre.",
    almostThere: "Presque prêt : votre serveur de jeu reçoit son nom.",
    waited: "Vous attendez depuis {time}.",
    waitLong:
      "C’est plus long que d’habitude. Vos réponses sont enregistrées ; vous pouvez attendre, ou revenir plus tard par le même lien.",
    seconds: "{count} secondes",
    minute: "une minute",
    minutes: "{count} minutes",

    failedTitle: "Le jeu n’a pas pu démarrer",
    failedText: "Vos réponses jusqu’ici sont enregistrées.",
    failedRetry: "Vous pouvez essayer encore une fois.",
    failedFinal: "Merci de le signaler aux personnes qui vous ont envoyé ici.",
    contact: "Contact : {contact}",
    endedTitle: "Le jeu est terminé",
    endedText: "Le temps de jeu est écoulé. Vous pouvez continuer l’étude.",

    gameTitle: "Le jeu",
    gamePicture: "L’image du jeu",
    gamePictureOf: "Image {id} du jeu",
    gamePictureLeftOut: "(image, {bytes} octets)",
    gameConnecting: "Connexion au jeu…",
    gameLost: "La connexion au jeu est perdue. Nouvel essai…",
    gameGone: "Le jeu n’est plus joignable.",
    gameLeave: "Continuer sans le jeu",
    gameLeaveSure: "Le jeu sera terminé pour vous, et l’étude continuera. Le voulez-vous ?",
    gameOver: "Le jeu est terminé.",
    gameReady: "Tout est prêt. Appuyez sur Démarrer quand vous voulez.",
    gamePaused: "En pause.",
    gameSteering: "Direction",
    gameCommands: "Jeu",
    gameSliders: "Réglages",
    gameFrameRate: "Images par seconde",
    gameFrameRateSet: "Appliquer",
    gameBudget: "budget",
    gameBudgetUsed: "{used} sur {total} utilisés",
    gameKeys: "Au clavier : {keys}.",
    gameKeysSteer: "maintenez {arrows} pour diriger",
    gameKeysFire: "espace pour tirer",
    gameKeysStart: "espace pour démarrer ou mettre en pause",
    gameKeysAll: "vos touches vont au jeu",
    gameKeySpace: "espace",
    gameConfirm: "En êtes-vous sûr ?",
    gameCancel: "Annuler",
    gameEndSure: "Voulez-vous arrêter le jeu ? Vous ne pourrez pas y revenir.",
    gameKeepPlaying: "Continuer à jouer",
    gameMessages: "Messages du serveur de jeu",
    gameMessagesIn: "Reçus",
    gameMessagesOut: "Envoyés",
    gameButton: "Bouton",
    gameButton_left: "Gauche",
    gameButton_right: "Droite",
    gameButton_up: "Haut",
    gameButton_down: "Bas",
    gameButton_leftUp: "En haut à gauche",
    gameButton_rightUp: "En haut à droite",
    gameButton_leftDown: "En bas à gauche",
    gameButton_rightDown: "En bas à droite",
    gameButton_fire: "Tirer",
    gameButton_start: "Démarrer",
    gameButton_pause: "Pause",
    gameButton_stop: "Arrêter le jeu",
    gameButton_end: "Arrêter le jeu",
    gameButton_reset: "Essai suivant",
    gameButton_fpsUp: "Plus vite",
    gameButton_fpsDown: "Moins vite",

    refusedTitle: "Vous ne pouvez pas participer pour l’instant",
    refused_full: "Cette étude a tous les participants qu’il lui faut. Merci de votre intérêt.",
    refused_closed: "Cette étude est close. Merci de votre intérêt.",
    refused_mobile:
      "Cette étude ne fonctionne pas sur un téléphone ou une tablette. Ouvrez le même lien sur un ordinateur.",
    refused_narrow: "La fenêtre est trop étroite pour cette étude. Élargissez-la, puis réessayez.",
    refused_recruiterIdMissing:
      "Ce lien n’est pas complet. Ouvrez l’étude depuis la page qui vous l’a proposée.",
    refused_linkInvalid: "Ce lien n’est pas valable. Utilisez le lien entier que vous avez reçu.",
    closedTitle: "Cette étude n’est pas ouverte",
    closedText: "Elle est introuvable, ou fermée en ce moment. Vérifiez le lien.",
    noStudyTitle: "Aucune étude indiquée",
    noStudyText: "Ce lien n’est pas complet. Utilisez le lien entier que vous avez reçu.",
    wrongTitle: "Une erreur s’est produite",
    brokenText:
      "Cette page de l’étude ne peut pas être affichée. Vos réponses jusqu’ici sont enregistrées. Merci de le signaler aux personnes qui vous ont envoyé ici.",
    missingTitle: "Il manque une page",
    missingText:
      "Cette page de l’étude est introuvable. Vos réponses jusqu’ici sont enregistrées. Merci de le signaler aux personnes qui vous ont envoyé ici.",

    completionTitle: "Votre code de fin d’étude",
    completionButton: "Terminer l’étude",
    copy: "Copier",
    copied: "Le code est copié.",
    copyByHand: "Le code est sélectionné : copiez-le avec le clavier ou le menu.",
  },
};

const FALLBACK = "en";
const RIGHT_TO_LEFT = ["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"];
let current = FALLBACK;

/**
 * Use the texts of a language from here on; a language without texts gives English ones.
 *
 * @param {string | undefined} language as BCP 47 names it, such as `fr-CA`
 * @returns {string} the language of the texts that are used
 */
export function setLanguage(language) {
  const base = toBase(language);
  current = Object.hasOwn(TEXTS, base) ? base : FALLBACK;
  return current;
}

/** In which direction a language is written. @param {string | undefined} language @returns {"ltr" | "rtl"} */
export function directionOf(language) {
  return RIGHT_TO_LEFT.includes(toBase(language)) ? "rtl" : "ltr";
}

/** The language of the texts in use. */
export function getLanguage() {
  return current;
}

/**
 * A text in the language in use.
 *
 * @param {string} key
 * @param {Object<string, string | number>} [values] for the places in braces
 * @returns {string}
 */
export function say(key, values = {}) {
  const text = TEXTS[current][key] ?? TEXTS[FALLBACK][key] ?? key;
  return text.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/**
 * Whether there is a text of that name.
 *
 * @param {string} key
 */
export function hasText(key) {
  return Object.hasOwn(TEXTS[FALLBACK], key);
}

/**
 * A length of time in words, as people say it.
 *
 * @param {number} seconds
 * @returns {string}
 */
export function sayTime(seconds) {
  if (seconds < 50) return say("seconds", { count: Math.max(5, Math.round(seconds / 5) * 5) });
  const minutes = Math.round(seconds / 60);
  return minutes <= 1 ? say("minute") : say("minutes", { count: minutes });
}

function toBase(language) {
  return String(language ?? "").toLowerCase().split("-")[0];
}
