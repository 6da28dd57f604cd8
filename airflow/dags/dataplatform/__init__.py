"""What the DAGs are made of. Nothing here works or calls AWS when a DAG is parsed."""
