def run_id_of(context):
    return str(context["run_id"])
