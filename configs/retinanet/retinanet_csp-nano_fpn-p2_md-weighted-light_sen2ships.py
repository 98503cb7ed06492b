_base_ = "./retinanet_csp-nano_fpn-p2_md-light_sen2ships.py"

# DAL whole: the losses of positives are weighted by their matching degree.
model = dict(bbox_head=dict(type="DALRetinaHead"))
