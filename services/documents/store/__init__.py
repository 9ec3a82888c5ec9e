"""The queries of documents; whatever belongs to an employer takes its SIRET first."""
