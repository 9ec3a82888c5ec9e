"""What is wrong with a deposit, in words that say what to do."""

from collections.abc import Mapping

from gateway import french
from gateway.deposit_form import Deposit
from gateway.free_fields import PREFIX
from gateway.language import gettext as _

STATUS: Mapping[str, int] = {
    "empty": 422,
    "unreadable": 422,
    "encrypted": 422,
    "unsafe": 422,
    "quota": 422,
    "too_large": 413,
    "far_too_large": 413,
    "wrong_type": 415,
    "frozen": 409,
    "cut": 409,
}


def status_of(deposit: Deposit) -> int:
    """The status of a form that was sent in vain."""
    return STATUS.get(deposit.faults.get("fichier", ""), 422)


def fault_texts(deposit: Deposit) -> dict[str, str]:
    """The sentence to show for each faulty field."""
    return {name: _text(deposit, name, word) for name, word in deposit.faults.items()}


def _text(deposit: Deposit, name: str, word: str) -> str:
    if word == "missing":
        return _missing().get(name) or (
            _("Remplissez ce champ.") if name.startswith(PREFIX) else _("Saisissez cette date.")
        )
    if name == "fichier":
        return _of_file(deposit, word)
    others = {
        "bad_number": _("Saisissez un nombre comme 2 764,94."),
        "too_long": _("Ce texte dépasse 200 caractères. Raccourcissez-le."),
        "bad_date": _("Saisissez une date comme 30/11/2019."),
        "file_does_not_fit": _(
            "Cette catégorie n’accepte pas ce fichier. Remplacez-le d’abord, ou gardez la catégorie."
        ),
        "before_start": _("Cette date précède celle du début."),
    }
    return others.get(word, _("Cette saisie ne convient pas. Vérifiez-la."))


def _missing() -> dict[str, str]:
    return {
        "categorie": _("Choisissez la catégorie du document."),
        "dossier": _("Choisissez le dossier auquel ce document appartient."),
        "libelle": _("Saisissez un libellé."),
        "fichier": _("Choisissez le fichier à déposer."),
    }


def _of_file(deposit: Deposit, word: str) -> str:
    category, chosen = deposit.category, deposit.chosen
    if word == "wrong_type" and chosen and (category is None or chosen.name.lower().endswith(category.accepted)):
        word = "lying"  # the ending is right: what the service has found inside is not
    facts = {
        "name": chosen.name if chosen else "",
        "size": french.size(chosen.size if chosen else 0),
        "limit": french.size(category.max_bytes) if category else "",
        "accepted": french.endings(category.accepted) if category else "",
    }
    return (_file_texts().get(word) or _("Cette saisie ne convient pas. Vérifiez-la.")) % facts


def _file_texts() -> dict[str, str]:
    return {
        "frozen": _("Votre Transitions Pro a pris ce document en compte : il ne change plus."),
        "cut": _("L’envoi a été interrompu. Rien n’est déposé ; réessayez."),
        "empty": _("« %(name)s » est vide. Choisissez un fichier qui contient le document."),
        "too_large": _(
            "« %(name)s » pèse %(size)s ; la limite est de %(limit)s. Réduisez-le ou déposez-le en deux fois."
        ),
        "far_too_large": _("Ce fichier est trop lourd. Réduisez-le ou déposez-le en deux fois."),
        "wrong_type": _("« %(name)s » n’est pas d’un type accepté ici (%(accepted)s)."),
        "lying": _(
            "« %(name)s » n’est pas du type que son nom annonce. Enregistrez-le à nouveau dans ce type, puis réessayez."
        ),
        "unreadable": _("« %(name)s » est illisible : le fichier est abîmé. Enregistrez-le à nouveau, puis réessayez."),
        "quota": _("Votre espace de dépôt est plein. Votre Transitions Pro peut l’agrandir : contactez-le."),
        "encrypted": _("« %(name)s » est protégé par un mot de passe. Retirez la protection, puis réessayez."),
        "unsafe": _(
            "« %(name)s » contient des éléments actifs (macro, script, fichier joint ou lien externe). "
            "Enregistrez-le en PDF simple, puis réessayez."
        ),
    }
